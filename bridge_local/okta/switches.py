"""What the Okta model leaves open: rate limits, read lag, and every answer Okta does not document.

Each switch may be turned while the model runs. Defaults are the likelier answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Requests a minute by bucket and kind of org, as Okta last published them (reference/rl-global-mgmt).
INTEGRATOR: Mapping[str, int] = {
    "user": 100,
    "users": 100,
    "group": 100,
    "groups": 100,
    "app": 100,
    "apps": 20,
    "logs": 20,
    "other": 100,
}
ENTERPRISE: Mapping[str, int] = {
    "user": 1000,
    "users": 600,
    "group": 600,
    "groups": 600,
    "app": 600,
    "apps": 100,
    "logs": 50,
    "other": 1000,
}
WORKFORCE: Mapping[str, int] = {
    "user": 2000,
    "users": 600,
    "group": 1000,
    "groups": 500,
    "app": 500,
    "apps": 100,
    "logs": 120,
    "other": 1000,
}
#: For tests that are not about limits.
UNLIMITED: Mapping[str, int] = dict.fromkeys(WORKFORCE, 1_000_000_000)


@dataclass
class OktaSwitches:
    """How this Okta behaves where Okta's documents leave it open.

    Attributes:
        rate_limits: requests a minute by bucket: user (GET /users/{id}), users, group (GET /groups/{id}), groups,
            app (GET /apps/{id}), apps, logs, other.
        rate_limit_share: the part of a bucket that one token or client gets (Okta's default is half).
        read_lag: users, groups, memberships and assignments are read as they were this many seconds ago.
        read_lag_varies: each read draws its own lag between 0 and `read_lag`, as if from replicas.
        log_insert_delay: up to so many seconds (drawn) pass before an event is in the System Log; the polling
            order is that of insertion, so it differs from the order of ``published``.
        clock_offset: Okta's clock minus ours, seconds.
        host_links: paging links point to the request's ``Host`` rather than to the org's URL.
        refuse_limits: a ``limit`` out of range is a 400; otherwise it is cut to the range. Not documented.
        role_missing: OAuth clients and tokens have scopes but no administrator role: every call is a 403.
        role_sees: user ids that a narrowed role shows in an application, None for all: of the others it answers as of
            people who are not assigned. Not documented.
        require_dpop: token requests without DPoP are answered 400 with `dpop_error`.
        dpop_error: ``use_dpop_nonce`` or ``invalid_dpop_proof``; which comes first is not documented.
        staged_assignments: a STAGED user is assigned at once; otherwise on activation. Not documented.
        app_user_name: the Okta profile attribute that an assignment's userName follows.
        app_user_status_follows: an AppUser shows STAGED and SUSPENDED as its user does. Not documented.
        primary_email_is_update: a self-service change of the e-mail also raises user.account.update_profile.
        user_delete_removes: deleting a user raises group.user_membership.remove for each group.
        group_delete_removes: deleting a group raises group.user_membership.remove for each member.
        app_delete_removes: deleting an application raises application.user_membership.remove for each user.
        groups_list_deprovisioned: group listings contain members who are DEPROVISIONED.
        own_groups_show_everyone: a user's own groups contain Everyone. Okta's documents show it, and do not say what
            an administrator whose role is confined to some groups sees.
        push_target_names: a listed mapping of group push names its target. Not documented.
        job_of_bulk_adds: adding several members is one JOB transaction; otherwise one WEB transaction each.
        hook_window: events of this many seconds are merged into one delivery (captured ones took 2 to 11 s).
        hook_max_batch: most events in one delivery, 0 without a limit. Not documented.
        hook_startup: seconds after verification before events flow (Okta: several minutes may pass).
        hook_drop: probability that an event never reaches a hook.
        hook_duplicate: probability that an event is delivered once more.
        hook_disorder: probability that a batch is shuffled.
        hook_delay: probability that an event comes alone and late.
        hook_delay_seconds: most seconds it comes late (drawn).
        hook_retry_wait: seconds before the one retry. Not documented.
        hook_day_cap: deliverable events in 24 hours; above, events are lost.
        hook_day_warning: count that raises the warning.
        hook_count_limit: most hooks that are active and verified.
    """

    rate_limits: Mapping[str, int] = field(default_factory=lambda: dict(WORKFORCE))
    rate_limit_share: float = 0.5
    read_lag: float = 0.0
    read_lag_varies: bool = False
    log_insert_delay: float = 0.0
    clock_offset: float = 0.0
    host_links: bool = False
    refuse_limits: bool = True
    role_missing: bool = False
    role_sees: frozenset[str] | None = None
    require_dpop: bool = False
    dpop_error: Literal["use_dpop_nonce", "invalid_dpop_proof"] = "use_dpop_nonce"
    staged_assignments: bool = True
    app_user_name: str = "login"
    app_user_status_follows: bool = False
    primary_email_is_update: bool = True
    user_delete_removes: bool = False
    group_delete_removes: bool = False
    app_delete_removes: bool = False
    groups_list_deprovisioned: bool = True
    own_groups_show_everyone: bool = True
    push_target_names: bool = True
    job_of_bulk_adds: bool = True
    hook_window: float = 10.0
    hook_max_batch: int = 100
    hook_startup: float = 0.0
    hook_drop: float = 0.0
    hook_duplicate: float = 0.0
    hook_disorder: float = 0.0
    hook_delay: float = 0.0
    hook_delay_seconds: float = 60.0
    hook_retry_wait: float = 0.0
    hook_day_cap: int = 400_000
    hook_day_warning: int = 280_000
    hook_count_limit: int = 25
