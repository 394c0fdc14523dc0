"""How long a run still takes: an estimate from totals and call budgets, for people to see."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from bridge.provisioning.runs import Phase, Run
from bridge.reconcile.accounts import PAGE

#: Reads of ``/apps/...`` that Okta answers one credential in a minute: half of the bucket of most organisations.
OKTA_PER_MINUTE = 50
#: Assigned users on a page.
OKTA_PAGE = 500
#: Calls to Genesys Cloud for one differing user: a read, and at most one write.
CALLS_PER_USER = 2
_ORDER = tuple(Phase)


def seconds_left(run: Run, now: datetime, genesys_per_minute: float, *, first: bool) -> int:
    """About how many seconds the run needs until its items are done as well.

    Args:
        run: as it stands.
        now: the present moment.
        genesys_per_minute: calls that Genesys Cloud is asked in a minute.
        first: whether no user has been compared yet, so that every one may differ.
    """
    active, inactive = run.totals.get(Phase.ACTIVE, 0), run.totals.get(Phase.INACTIVE, 0)
    users = max(active, run.active_links)
    minutes = {
        Phase.ASSIGNED: ceil(users / OKTA_PAGE) / OKTA_PER_MINUTE,
        Phase.LISTING: ceil(active / PAGE) / genesys_per_minute,
        Phase.LISTING_INACTIVE: ceil(inactive / PAGE) / genesys_per_minute,
        Phase.ACTIVE: ceil(active / PAGE) / genesys_per_minute,
        Phase.INACTIVE: ceil(inactive / PAGE) / genesys_per_minute,
    }
    if run.phase is Phase.GROUPS:
        minutes[Phase.GROUPS] = run.of / genesys_per_minute
    if not first:
        minutes |= {Phase.LISTING: 0.0, Phase.LISTING_INACTIVE: 0.0}
    reading = 0.0
    for phase in _ORDER[_ORDER.index(run.phase) :]:
        part = minutes.get(phase, 0.0)
        reading += part * (1 - run.done / run.of) if phase is run.phase and run.of else part
    items = users if first and _ORDER.index(run.phase) <= _ORDER.index(Phase.ASSIGNED) else run.items
    syncs = items * max(1 / OKTA_PER_MINUTE, CALLS_PER_USER / genesys_per_minute)
    elapsed = (now - run.started).total_seconds() / 60
    return round(60 * (reading + max(0.0, syncs - elapsed)))
