"""Proves from outside that the ceiling held: a history goes in, a list of breaches comes out.

    recorder = Recorder(world.okta, world.genesys, world.clock.now)   # tests.simulation.recorder, before anything runs
    recorder.watch(okta_group, genesys_group)                         # each linked pair
    ... people act; recorder.observe(); the bridge works; recorder.decide(...); recorder.settled(held) ...
    assert breaches(recorder.history, Rules(count=20, percent=40)) == []

It knows what the ceilings promise and nothing of how the bridge counts: it replays every call, keeps
both sides' members, and at each removal asks of the history itself who was removed in the rolling window that ends
there, who else was to go at that moment by Okta's truth, and how many members there were. What an observer cannot
know for sure (see `Accounts`) is never held against the bridge: a number is a breach only if it is one however the
unsure users count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.simulation.ceiling_deactivations import check_deactivation
from tests.simulation.ceiling_removals import check_group_limits, check_removed
from tests.simulation.ceiling_rules import Breach, Rules
from tests.simulation.ceiling_state import Company, GroupState
from tests.simulation.history import (
    ORGANISATION,
    Access,
    Account,
    Decided,
    Fact,
    Forbidden,
    GroupRead,
    Limited,
    Members,
    OktaApp,
    OktaDoubtful,
    OktaGroup,
    OktaUser,
    Paused,
    Settled,
    Watched,
)

__all__ = ["Breach", "Rules", "breaches"]


def breaches(history: Iterable[Fact], rules: Rules | None = None) -> list[Breach]:
    """Everything in the history that a ceiling, a hold or a waiting addition should have been otherwise."""
    check = _Check(Company(rules or Rules()))
    for fact in history:
        check.take(fact)
    return check.company.breaches


@dataclass
class _Check:
    """Replays a history."""

    company: Company

    def take(self, fact: Fact) -> None:
        """One fact after the other."""
        company = self.company
        match fact:
            case Account():
                self._account(fact)
            case Members():
                self._members(fact)
            case Watched():
                company.group(fact.group).reads = 2 if fact.synced else 0
            case GroupRead():
                company.group(fact.group).begin_sync()
            case Forbidden():
                company.breach(fact.at, "", "forbidden", fact.what)
            case OktaGroup():
                self._okta_group(fact)
            case OktaUser():
                company.users.note(fact)
                if fact.access not in {Access.UNASSIGNED, Access.DELETED}:
                    company.deactivations.release([fact.user], fact.at)
            case OktaApp():
                company.app.append(fact)
            case OktaDoubtful():
                for group in company.groups.values():
                    group.removals.approved.clear()
            case Decided():
                entity = company.deactivations if fact.entity == ORGANISATION else company.group(fact.entity).removals
                entity.decide(fact)
            case Limited():
                company.group(fact.group).count, company.group(fact.group).percent = fact.count, fact.percent
            case Paused():
                company.paused = fact.paused
            case Settled():
                self._settled(fact)
        if not isinstance(fact, Settled):
            self._note_waiting(fact.at)

    # ---------------------------------------------------------------------------------- Genesys Cloud

    def _account(self, fact: Account) -> None:
        before = self.company.accounts.of.get(fact.genesys_id)
        if fact.by_bridge and fact.wrote and before is not None and before.active and not fact.active:
            check_deactivation(self.company, fact)
        self.company.accounts.note(fact)
        if not fact.active:
            for removals in (self.company.deactivations, *(group.removals for group in self.company.groups.values())):
                removals.release([fact.okta_id], fact.at)

    def _members(self, fact: Members) -> None:
        company, group = self.company, self.company.group(fact.group)
        group.members |= fact.added
        group.members -= fact.removed
        if not fact.by_bridge:
            gone = frozenset(company.accounts.owner.get(member, "") for member in fact.removed)
            group.removals.release(gone, fact.at)
            return
        group.added |= fact.added
        if max(fact.named, len(fact.removed)) > company.rules.per_request:
            company.breach(fact.at, fact.group, "too-many-in-one-patch", f"{fact.named} members")
        if fact.removed:
            unapproved = check_removed(company, group, fact)
            if unapproved:
                group.removed |= unapproved
                group.removals.done += [(fact.at, user) for user in sorted(unapproved)]
                check_group_limits(company, group, fact)

    # ------------------------------------------------------------------------------------------- Okta

    def _okta_group(self, fact: OktaGroup) -> None:
        group = self.company.group(fact.group)
        group.truths.append(fact)
        group.ever |= fact.members
        group.removals.release(fact.members, fact.at)
        if not fact.linked:
            group.removals.release(frozenset(group.removals.excepted), fact.at)
            group.reads = 0  # a later link is a new one

    # ---------------------------------------------------------------------------------------- waiting

    def _note_waiting(self, at: datetime) -> None:
        """Nobody who is to come in, and nobody whose access has ended, waits longer than the rules' patience."""
        patience = self.company.rules.patience
        if patience is None:
            return
        waiting = {(name, user) for name, group in self.company.groups.items() for user in self._missing(group)}
        waiting |= {("leaver", user) for user in self._leavers()}
        since = self.company.waiting
        for key in since.keys() - waiting:
            del since[key]
        for key in waiting:
            if at - since.setdefault(key, at) > patience and key not in self.company.told:
                self.company.told.add(key)
                entity, user = key
                self.company.breach(at, entity, "waits-too-long", user)

    def _missing(self, group: GroupState) -> frozenset[str]:
        """Linked active users of a linked Okta group who are no members."""
        if not group.truths or not (group.truth.exists and group.truth.linked):
            return frozenset()
        accounts = (self.company.accounts.account(user) for user in group.truth.members)
        outside = [
            account.genesys_id
            for account in accounts
            if account is not None and account.genesys_id not in group.members
        ]
        return self.company.accounts.users(outside, active=True, sure=True)

    def _leavers(self) -> frozenset[str]:
        active = self.company.accounts.users(self.company.accounts.of, active=True, sure=True)
        return frozenset(user for user in active if self.company.users.now(user) is Access.ENDED)

    def _settled(self, fact: Settled) -> None:
        """Everything that Okta shows is done, held or excepted."""
        self.company.accounts.settle()
        for name, group in self.company.groups.items():
            held = fact.held.get(name, frozenset())
            for user in self._missing(group):
                self.company.breach(fact.at, name, "addition-missing", user)
            if group.truths and group.truth.linked:
                self._settled_removals(fact, name, group, held)
        for user in self._leavers():
            self.company.breach(fact.at, user, "leaver-active")
        self._settled_deactivations(fact)
        self._note_waiting(fact.at)
        if self.company.paused:
            return  # what was approved waits
        company = self.company
        for group in company.groups.values():
            group.settle(company.accounts.users(group.members, active=False, sure=False), company.inactive())
        if company.app[-1:] and company.app[-1].active:
            company.deactivations.settle(lambda user: company.users.now(user) is not Access.WANTED)

    def _settled_removals(self, fact: Settled, name: str, group: GroupState, held: frozenset[str]) -> None:
        leaving = self.company.leaving(group, group.truth.at)
        for user in leaving - held - group.removals.perhaps_excepted:
            self.company.breach(fact.at, name, "removal-lost", user)
        if not self.company.paused and group.truth.exists:
            # What was approved before Okta's group was gone needs an approval of its own.
            for user in leaving & held & group.removals.approved:
                self.company.breach(fact.at, name, "approved-not-done", user)
        for user in held & group.truth.members:
            if user not in self.company.inactive():
                self.company.breach(fact.at, name, "held-though-desired", user)

    def _settled_deactivations(self, fact: Settled) -> None:
        company = self.company
        held = fact.held.get(ORGANISATION, frozenset())
        if not company.app[-1:] or not company.app[-1].active:
            return
        for user in company.unassigned(fact.at) - held - company.deactivations.perhaps_excepted:
            company.breach(fact.at, user, "deactivation-lost")
        for user in held:
            if company.users.now(user) is Access.WANTED:
                company.breach(fact.at, user, "held-though-wanted")
