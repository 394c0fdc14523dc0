"""Roles that people lose while they are inactive: remembered from answers that are at hand anyway, and missed.

Genesys Cloud's pages differ: one says that an inactive user keeps the roles, another that all assigned ones are removed
and that only those given through groups come back. The bridge assumes the worse, says what is missing, and gives
nothing back. Names of roles are configuration.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.provisioning import elements
from bridge.provisioning.account_writer import Changed
from bridge.provisioning.sync import Report
from bridge.provisioning.user_records import UserLink, UserState
from bridge.provisioning.values import ScimUser

#: So many are remembered of one user.
MAX_NAMES = 50


def remembered(link: UserLink, account: ScimUser) -> UserLink:
    """The link with the roles that an active account shows; one that shows none may not show any, and says nothing."""
    names = _shown(account)
    return replace(link, roles=names) if names and account.active else link


def missed(before: UserLink, changed: Changed, report: Report) -> Changed:
    """What a sync of somebody who has access shows of their roles; `report` learns what they lack since they are back.

    Args:
        before: the link as it was when the sync began.
        changed: what the sync did.
        report: the account it gives of itself.
    """
    link, account = changed.link, changed.user
    if account is None or not account.active:
        return changed
    names = _shown(account)
    known = {*link.lost_roles}
    ended = before.known_active is False or before.state is UserState.GONE
    comes_back = ended or "active" in report.changed or report.outcome == "recreated"
    if comes_back:
        known |= {*link.roles}
    lost = tuple(sorted(known - {*names}))
    if comes_back:
        report.lost_roles = lost
    return replace(changed, link=remembered(replace(link, lost_roles=lost), account))


def _shown(account: ScimUser) -> tuple[str, ...]:
    entries = elements.entries(account.document, elements.ROLES) or ()
    names = {str(each["value"]) for each in entries if isinstance(each.get("value"), str)}
    return tuple(sorted(names)[:MAX_NAMES])
