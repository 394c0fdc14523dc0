"""The checker's rules for one PATCH that removed members from a group."""

from __future__ import annotations

from tests.simulation.ceiling_rules import NEVER_EMPTY_FROM, PERCENT_FROM
from tests.simulation.ceiling_state import Company, GroupState
from tests.simulation.history import Members


def check_removed(company: Company, group: GroupState, fact: Members) -> frozenset[str]:
    """Whom it removed, one by one; those whom nobody had approved."""
    owner = company.accounts.owner
    for member in fact.removed:
        if member not in owner:
            company.breach(fact.at, fact.group, "unknown-member-removed", member)
    gone = frozenset(owner[member] for member in fact.removed if member in owner)
    approved = group.removals.apply_decision(gone)
    truths = group.seen_since(fact.at - company.rules.read_lag)
    for user in gone - company.inactive():
        if all(truth.exists and user in truth.members for truth in truths):
            company.breach(fact.at, fact.group, "removed-though-desired", user)
    unapproved = gone - approved
    if not unapproved:
        return unapproved
    if not any(truth.exists and truth.linked for truth in truths):
        company.breach(fact.at, fact.group, "no-such-link", f"{len(unapproved)} removed")
    if company.paused:
        company.breach(fact.at, fact.group, "removals-paused", f"{len(unapproved)} removed")
    if not company.rules.bootstrapped or group.reads < 2:
        company.breach(fact.at, fact.group, "first-link", f"{len(unapproved)} removed")
    for member in fact.removed:
        user = owner.get(member, "")
        if user not in unapproved:
            continue
        account = company.accounts.of[member]
        if not account.created and user not in group.ever:
            company.breach(fact.at, fact.group, "handmade-member-removed", user)
        if company.rules.keep_inactive and not account.active and company.accounts.is_sure(member):
            company.breach(fact.at, fact.group, "inactive-member-removed", user)
        if user in group.removals.excepted:
            company.breach(fact.at, fact.group, "exception-removed", user)
    return unapproved


def check_group_limits(company: Company, group: GroupState, fact: Members) -> None:
    """The window that ends with this PATCH, and with it everybody else who was to go."""
    rules = company.rules
    count = rules.count if group.count is None else group.count
    percent = rules.percent if group.percent is None else group.percent
    window = group.removals.within(fact.at, rules.window)
    if len(window) > count:
        company.breach(fact.at, fact.group, "count", f"{len(window)} in the window, {count} allowed")
    if group.reads == 0:
        company.breach(fact.at, fact.group, "not-read")
        return
    spoken_for = group.removals.perhaps_excepted | group.removals.perhaps_approved
    undone = company.leaving(group, fact.at - rules.read_lag) - spoken_for
    change = frozenset(user for user in undone if company.is_known_in(group, user)) | group.removed
    earlier = group.known.within(fact.at, rules.window) - change
    total = len(change) + len(earlier)
    said = f"{len(change)} to go, {len(earlier)} gone"
    if total > count:
        company.breach(fact.at, fact.group, "whole-change", f"{said}, {count} allowed")
    least = company.accounts.users(group.read, active=rules.keep_inactive, sure=True)
    most = company.accounts.users(group.read, active=rules.keep_inactive, sure=False)
    bases = range(len(least) + len(earlier), len(most) + len(earlier) + 1)
    if percent and all(base >= PERCENT_FROM and total > base * percent // 100 for base in bases):
        company.breach(fact.at, fact.group, "percent", f"{said}, {percent} % of {max(bases)} allowed")
    staying = company.accounts.users(group.read | group.added, active=rules.keep_inactive, sure=False) - change
    remaining = staying & company.accounts.users(group.members, active=False, sure=False)
    if all(base >= NEVER_EMPTY_FROM for base in bases) and not remaining:
        company.breach(fact.at, fact.group, "emptied", said)
