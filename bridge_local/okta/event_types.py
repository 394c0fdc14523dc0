"""The event types the model raises: their texts, and which of all types an event hook may have.

Source: Okta's event type catalogue (reference/api/event-types), release 2026.08.1.
"""

from __future__ import annotations

#: event type -> (displayMessage, legacyEventType)
TEXTS: dict[str, tuple[str, str | None]] = {
    "user.lifecycle.create": ("Create okta user", "core.user.config.user_creation.success"),
    "user.lifecycle.activate": ("Activate Okta user", "core.user.config.user_activated"),
    "user.lifecycle.reactivate": ("Reactivate Okta user", None),
    "user.lifecycle.deactivate": ("Deactivate Okta user", "core.user.config.user_deactivated"),
    "user.lifecycle.suspend": ("Suspend Okta user", "core.user.config.user_status.suspended"),
    "user.lifecycle.unsuspend": ("Unsuspend Okta user", "core.user.config.user_status.unsuspended"),
    "user.lifecycle.delete.initiated": ("Delete Okta user initiated", None),
    "user.lifecycle.delete.completed": ("Delete Okta user completed", None),
    "user.account.update_profile": ("Update user profile for Okta", "core.user.config.profile_update.success"),
    "user.account.update_primary_email": ("Update primary email of user", None),
    "user.account.update_user_type": ("Update user type", None),
    "user.account.lock": ("Max sign in attempts exceeded", "core.user_auth.account_locked"),
    "user.account.unlock": ("Unlock user account", None),
    "user.account.unlock_by_admin": ("Unlock user account by admin", None),
    "user.account.expire_password": ("Expire user's password", None),
    "user.account.reset_password": ("User reset password for Okta", None),
    "user.account.update_password": ("User update password for Okta", None),
    "application.user_membership.add": (
        "Add user to application membership",
        "app.generic.provision.assign_user_to_app",
    ),
    "application.user_membership.remove": (
        "Remove user's application membership",
        "app.generic.provision.deactivate_user_from_app",
    ),
    "application.user_membership.update": ("Change user's application membership", None),
    "application.user_membership.change_username": (
        "Change user's application username",
        "app.generic.config.app_username_update",
    ),
    "application.lifecycle.create": ("Create application", None),
    "application.lifecycle.update": ("Update application", "app.generic.config.app_updated"),
    "application.lifecycle.activate": ("Activate application", "app.generic.config.app_activated"),
    "application.lifecycle.deactivate": ("Deactivate application", "app.generic.config.app_deactivated"),
    "application.lifecycle.delete": ("Delete application", None),
    "group.user_membership.add": ("Add user to group membership", "core.user_group_member.user_add"),
    "group.user_membership.remove": ("Remove user from group membership", "core.user_group_member.user_remove"),
    "group.lifecycle.create": ("Create Okta group", None),
    "group.lifecycle.delete": ("Delete Okta group", None),
    "group.profile.update": ("Update Okta group", None),
    "group.application_assignment.add": ("Add assigned application to group", None),
    "group.application_assignment.remove": ("Remove assigned application from group", None),
    "group.application_assignment.update": ("Update assigned application to group", None),
    "event_hook.created": ("Event hook created", None),
    "event_hook.updated": ("Event hook updated", None),
    "event_hook.verified": ("Event hook verified", None),
    "event_hook.activated": ("Event hook activated", None),
    "event_hook.deactivated": ("Event hook deactivated", None),
    "event_hook.deleted": ("Event hook deleted", None),
    "event_hook.delivery": ("Event hook delivery failed", None),
    "system.operation.rate_limit.warning": ("Operation rate limit warning", None),
    "system.operation.rate_limit.violation": ("Operation rate limit violation", None),
}

_NOT_ELIGIBLE = frozenset(
    {
        "application.user_membership.change_username",
        "application.user_membership.approve",
        "application.user_membership.provision",
        "application.user_membership.deprovision",
        "application.user_membership.revoke",
        "application.user_membership.restore",
        "user.lifecycle.delete.completed",
        "user.account.update_user_type",
        "user.account.update_primary_email",
        "user.account.update_secondary_email",
        "user.account.expire_password",
        "application.provision.user.activate",
        "application.provision.user.deactivate",
        "application.provision.user.deprovision",
        "application.provision.user.import",
        "application.provision.user.password",
        "application.provision.user.push_okta_password",
        "application.provision.user.push_password",
        "application.provision.user.verify_exists",
        "app.app_instance.provision_sync_job.completed",
        "directory.mapping.update",
        "directory.app_user_profile.update",
        "directory.user_profile.update",
    }
)
_NOT_ELIGIBLE_FAMILIES = (
    "event_hook.",
    "system.operation.rate_limit.",
    "group.user_membership.rule.",
    "application.provision.group.",
    "application.provision.group_membership.",
    "application.provision.group_push.",
    "system.import.user.",
    "system.identity_sources.",
)
_ELIGIBLE_DESPITE_FAMILY = frozenset(
    {"application.provision.group_push.mapping.update.or.delete.failed.with.error"},
)


def is_hook_eligible(event_type: str) -> bool:
    """Whether an event hook may subscribe to the type; one the model does not know may be."""
    if event_type in _ELIGIBLE_DESPITE_FAMILY:
        return True
    return event_type not in _NOT_ELIGIBLE and not event_type.startswith(_NOT_ELIGIBLE_FAMILIES)


def texts(event_type: str) -> tuple[str, str | None]:
    """Message for people and legacy type."""
    return TEXTS.get(event_type, (event_type.replace(".", " "), None))
