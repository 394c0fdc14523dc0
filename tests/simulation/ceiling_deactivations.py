"""The checker's rules for one PATCH that made a user inactive."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.ceiling_rules import DEACTIVATIONS_LEAST, DEACTIVATIONS_PASS
from tests.simulation.ceiling_state import Company
from tests.simulation.history import Access, Account

#: How long the application is believed to be ACTIVE once it was seen so, and a listing of its users to be whole.
APP_BELIEVED, LISTING_BELIEVED = timedelta(seconds=60), timedelta(minutes=5)


def check_deactivation(company: Company, fact: Account) -> None:
    """Whether Okta says that access has ended, and if only the assignment says so, whether the ceiling allows it."""
    user, rules = fact.okta_id, company.rules
    said = set(company.users.since(user, fact.at - rules.read_lag)) if user else set()
    if Access.ENDED in said:
        return
    if not said & {Access.UNASSIGNED, Access.DELETED}:
        company.breach(fact.at, user, "deactivated-though-wanted", ",".join(sorted(said)))
        return
    if company.deactivations.apply_decision(frozenset({user})):
        return
    if user in company.deactivations.excepted:
        company.breach(fact.at, user, "exception-deactivated")
    if company.paused:
        company.breach(fact.at, user, "removals-paused", "deactivated")
    if Access.DELETED not in said and not company.app_was_active(fact.at - APP_BELIEVED - rules.read_lag):
        company.breach(fact.at, user, "app-not-active")
    company.deactivations.done.append((fact.at, user))
    _check_limits(company, fact, user)


def _check_limits(company: Company, fact: Account, user: str) -> None:
    rules = company.rules
    gone = company.deactivations.within(fact.at, rules.window)
    bases = [
        len(company.accounts.users(company.accounts.of, active=True, sure=sure) | {user} | gone)
        for sure in (True, False)
    ]
    allowed = rules.deactivations
    if rules.deactivations_percent:
        share = max(bases) * rules.deactivations_percent // 100
        allowed = min(allowed, max(DEACTIVATIONS_LEAST, share))
    if len(gone) > allowed:
        company.breach(fact.at, user, "deactivations", f"{len(gone)} in the window, {allowed} allowed")
    if len(gone) <= DEACTIVATIONS_PASS:
        return
    # The listing is later than the user's own event by more than any read lag, and no older than it is believed.
    seen = max(company.users.changed(user) or fact.at, fact.at - LISTING_BELIEVED - rules.read_lag)
    others = company.unassigned(seen) - company.deactivations.perhaps_approved - company.deactivations.perhaps_excepted
    whole = gone | others
    if len(whole) > allowed:
        detail = f"{len(gone)} gone and {len(whole - gone)} to go, {allowed} allowed"
        company.breach(fact.at, user, "whole-deactivation", detail)
