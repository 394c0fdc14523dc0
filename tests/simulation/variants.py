"""The bridge with one safeguard less, made from outside: each must be caught.

Nothing in the product can be switched off; a variant stands in place of a port or a class while a run lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partialmethod
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from bridge.aws import upstreams
from bridge.genesys.client import GenesysClient
from bridge.items import Queue
from bridge.okta.client import OktaClient
from bridge.operations.preview import Preview
from bridge.provisioning import deactivations, group_removals, scim
from bridge.provisioning.account_writer import Change, Target
from bridge.provisioning.accounts import Accounts, gone
from bridge.provisioning.enforcing_writer import EnforcingWriter
from bridge.provisioning.evidence import Case, Evidence, Proof
from bridge.provisioning.groups import UNLINK_AFTER, GroupSync
from bridge.provisioning.hinted import HintedAdditions
from bridge.provisioning.judge import Facts, Plan
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR, Linking
from bridge.provisioning.matching import Matching
from bridge.provisioning.permissions import Permissions
from bridge.provisioning.protected import ProtectedPeople
from bridge.provisioning.records import Due, GroupLink
from bridge.provisioning.sync import Report, Work
from bridge.provisioning.user_records import LATE_WHY, UserLink
from bridge.provisioning.values import AppUser, OktaGroup, OktaUser, Read, ScimGroup, ScimUser
from bridge_local.exchange import Now
from bridge_local.fifo import FifoQueue, FifoQueues, Message
from bridge_local.memory import MemoryStore
from tests.world import World

T = TypeVar("T")

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


@dataclass(frozen=True)
class Scheduled:
    """A process that a schedule starts: how likely at each step of a run, and what it does."""

    name: str
    share: float
    run: Callable[[Simulation], None]


class Variant:
    """Nothing is switched off. One object for each run."""

    name = ""

    def store(self) -> MemoryStore:
        """The bridge's memory."""
        return MemoryStore()

    def queues(self, now: Now) -> FifoQueues:
        """The queues."""
        return FifoQueues(now)

    def begin(self, world: World) -> None:
        """The company is founded, the run begins."""

    def hear(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Events have reached the bridge."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Classes of the bridge stand replaced within."""
        yield


class _OtherOkta(Variant):
    """A variant that reads Okta in another way."""

    client: type[OktaClient]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The reader stands replaced within."""
        with patch.object(upstreams, "OktaClient", type("Bound", (self.client,), {"variant": self})):
            yield


# ------------------------------------------------------------------------------------------------ replay


class Replay(_OtherOkta):
    """The events' verbs are carried out, each once, in the order of their arrival; Okta is not read again."""

    name = "replay"

    def __init__(self) -> None:
        self.status: dict[str, str] = {}
        self.assigned: set[str] = set()
        self.members: set[tuple[str, str]] = set()
        self._heard: set[str] = set()

    def begin(self, world: World) -> None:
        """What was true before the first event is known."""
        okta = world.okta
        self.status = {user.id: user.status for user in okta.users.current.values()}
        self.assigned = set(okta.assignments[okta.app_id].current)
        self.members = {(group, user) for group in okta.groups.current for user in okta.members(group)}

    def hear(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Carry out each new event."""
        for event in events:
            if event["uuid"] not in self._heard:
                self._heard.add(event["uuid"])
                self._apply_event(str(event["eventType"]), {each["type"]: each["id"] for each in event["target"] or ()})

    def _apply_event(self, verb: str, target: Mapping[str, str]) -> None:
        user, member = target.get("User", ""), (target.get("UserGroup", ""), target.get("User", ""))
        if verb in _STATUS_AFTER:
            self.status[user] = _STATUS_AFTER[verb]
        elif verb == "application.user_membership.add":
            self.assigned.add(user)
        elif verb == "application.user_membership.remove":
            self.assigned.discard(user)
        elif verb == "group.user_membership.add":
            self.members.add(member)
        elif verb == "group.user_membership.remove":
            self.members.discard(member)


_STATUS_AFTER = {
    "user.lifecycle.create": "STAGED",
    "user.lifecycle.activate": "ACTIVE",
    "user.lifecycle.unsuspend": "ACTIVE",
    "user.lifecycle.suspend": "SUSPENDED",
    "user.lifecycle.deactivate": "DEPROVISIONED",
}


class _ReplayedOkta(OktaClient):
    """Says what the events say; the profile alone is read, for events carry no values."""

    variant: Replay

    def user(self, user_id: str) -> Read[OktaUser]:
        """The user with the status that the events gave."""
        read = super().user(user_id)
        if read.value is None:
            return read
        return Read(replace(read.value, status=self.variant.status.get(user_id, read.value.status)), read.date)

    def app_user(self, user_id: str) -> Read[AppUser]:
        """The assignment that the events gave."""
        read = super().app_user(user_id)
        given = AppUser(user_id, "ACTIVE", {}) if user_id in self.variant.assigned else None
        return Read(given, read.date)

    def group_users(self, group_id: str) -> Read[frozenset[str]]:
        """The members that the events gave."""
        read = super().group_users(group_id)
        return Read(frozenset(user for group, user in self.variant.members if group == group_id), read.date)


Replay.client = _ReplayedOkta


# ------------------------------------------------------------------------------------------------ no-reread


class NoReread(_OtherOkta):
    """What Okta once said of a user or a group is acted on again."""

    name = "no-reread"

    def __init__(self) -> None:
        self.remembered: dict[tuple[str, str], Any] = {}


class _RememberingOkta(OktaClient):
    variant: NoReread

    def user(self, user_id: str) -> Read[OktaUser]:
        """The user as first read."""
        return self._once("user", user_id, super().user)

    def app_user(self, user_id: str) -> Read[AppUser]:
        """The assignment as first read."""
        return self._once("app_user", user_id, super().app_user)

    def group(self, group_id: str) -> Read[OktaGroup]:
        """The group as first read."""
        return self._once("group", group_id, super().group)

    def group_users(self, group_id: str) -> Read[frozenset[str]]:
        """The members as first read."""
        return self._once("group_users", group_id, super().group_users)

    def _once(self, kind: str, okta_id: str, read: Callable[[str], Read[T]]) -> Read[T]:
        fresh = read(okta_id)
        return replace(fresh, value=self.variant.remembered.setdefault((kind, okta_id), fresh.value))


NoReread.client = _RememberingOkta


# ------------------------------------------------------------------------------------------------- no-order


class NoOrder(Variant):
    """Queues without message groups: items of one entity in any order, several at once."""

    name = "no-order"

    def queues(self, now: Now) -> FifoQueues:
        """Queues that give the newest message first, whatever else is in flight."""
        return _UnorderedQueues(now)


class _UnorderedQueues(FifoQueues):
    def _takable(self, queue: FifoQueue, now: datetime) -> Iterator[Message]:
        yield from (message for message in reversed(queue.messages) if message.visible <= now)

    def next_visible(self) -> datetime | None:
        """When any message can be received."""
        return min((message.visible for queue in Queue for message in self.queues[queue].messages), default=None)


# ----------------------------------------------------------------------------------------------- one-window


class OneWindow(Variant):
    """The ceiling counts in fixed windows: whole days."""

    name = "one-window"

    def store(self) -> MemoryStore:
        """A memory that forgets at midnight."""
        return _ForgetsAtMidnight()


class _ForgetsAtMidnight(MemoryStore):
    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """The removals of this day."""
        midnight = (since + timedelta(hours=24)).replace(hour=0, minute=0, second=0, microsecond=0)
        return super().removals(entity, midnight)


# ------------------------------------------------------------------------------------------------- no-fence


class NoFence(Variant):
    """Links are written no matter who has begun to sync meanwhile."""

    name = "no-fence"

    def store(self) -> MemoryStore:
        """A memory without fences."""
        return _Unfenced()


class _Unfenced(MemoryStore):
    @staticmethod
    def _check_fence(stored: UserLink | GroupLink | None, link: UserLink | GroupLink) -> None:
        """Let everything pass."""


# -------------------------------------------------------------------------------------------- trusts-silence


class TrustsSilence(Variant):
    """People whom one listing of a group does not show have left; nobody is asked for alone."""

    name = "trusts-silence"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The evidence stands replaced within."""
        with patch.object(Evidence, "prove", _believe):
            yield


def _believe(_: Evidence, __: Work, case: Case, leaving: Mapping[str, str]) -> Proof:
    return Proof(dict(leaving), "", case.link)


# ------------------------------------------------------------------------------------------------ trusts-404


class Trusts404(Variant):
    """One 404 of Genesys Cloud says that an account is gone; nobody reads again, searches, or asks a person."""

    name = "trusts-404"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Finding an account stands replaced within, and what follows from finding none."""
        with patch.object(Matching, "locate", _look_once), patch.object(Accounts, "_lost", _forget):
            yield


def _look_once(matching: Matching, link: UserLink) -> tuple[UserLink, ScimUser | None]:
    return link, matching._genesys.user(link.genesys_id) if link.genesys_id else None


def _forget(_: Accounts, link: UserLink, report: Report) -> UserLink:
    report.finish("unchanged", "genesys-user-gone")
    return replace(gone(link), unassigned_due="", waiting=None)


# ------------------------------------------------------------------------------------------ missing-is-empty


class MissingIsEmpty(Variant):
    """A Genesys Cloud group that is shown without its members has none."""

    name = "missing-is-empty"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The reading of members stands replaced within."""
        with patch.object(GenesysClient, "group", partialmethod(_with_members, GenesysClient.group)):
            yield


def _with_members(
    client: GenesysClient, group: Callable[[GenesysClient, str], ScimGroup | None], genesys_id: str
) -> ScimGroup | None:
    found = group(client, genesys_id)
    return found if found is None else replace(found, members=found.members or frozenset())


# -------------------------------------------------------------------------------------------- unlink-at-once


class UnlinkAtOnce(Variant):
    """One answer that shows a group no more ends its link."""

    name = "unlink-at-once"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Ending a link stands replaced within."""
        with patch.object(GroupSync, "_unlink", partialmethod(_without_second_answer, GroupSync._unlink)):
            yield


def _without_second_answer(sync: GroupSync, unlink: Callable[..., Report], link: GroupLink, *told: Any) -> Report:
    long_ago = sync._clock.now() - UNLINK_AFTER
    return unlink(sync, replace(link, unlinking=long_ago, unlinking_why=told[-1]), *told)


# ------------------------------------------------------------------------------------------ second-rendering


class SecondRendering(Variant):
    """A preview judges by rules of its own: all who have left go, or wait for the ceiling."""

    name = "second-rendering"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The judgement stands replaced within, where a preview makes it."""
        with patch.object(Preview, "sync", partialmethod(_with_rules_of_its_own, Preview.sync)):
            yield


def _with_rules_of_its_own(preview: Preview, sync: Callable[..., T], entity: str) -> T:
    with patch.object(group_removals, "judge", _judge_anew), patch.object(deactivations, "judge", _judge_anew):
        return sync(preview, entity)


def _judge_anew(facts: Facts) -> Plan:
    leaving = frozenset(facts.leaving)
    if len(leaving) > facts.ceiling.count:
        return Plan(held=leaving, why="ceiling-count", change="" if facts.hold else "opened")
    return Plan(counted=leaving)


# ------------------------------------------------------------------------------------------ believes-hints


class BelievesHints(Variant):
    """Whom an event names is added to the group, however old it is and whatever their own groups say by then."""

    name = "believes-hints"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The reading of their own groups stands replaced within, and what was seen passes for news."""
        with (
            patch.object(HintedAdditions, "_is_in", partialmethod(_believed, HintedAdditions._is_in)),
            patch.object(GroupSync, "_has_seen", lambda *_: False),
        ):
            yield


def _believed(hinted: HintedAdditions, is_in: Callable[..., Read[bool]], *asked: str) -> Read[bool]:
    return Read(True, is_in(hinted, *asked).date)


# ---------------------------------------------------------------------------------------- trusts-absence


class TrustsAbsence(Variant):
    """Whom Okta does not show as assigned has lost the assignment, though no event says so."""

    name = "trusts-absence"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The doubt stands replaced within."""
        with patch.object(Permissions, "doubt", lambda *_: None):
            yield


# ------------------------------------------------------------------------------- removals-without-a-version


class RemovalsWithoutAVersion(Variant):
    """A removal of members says nothing of the version that it was decided on."""

    name = "removals-without-a-version"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The sending of removals stands replaced within."""
        with patch.object(
            GenesysClient, "remove_members", partialmethod(_on_any_version, GenesysClient.remove_members)
        ):
            yield


# ---------------------------------------------------------------------------------- ends-without-a-version


class EndsWithoutAVersion(Variant):
    """The end of somebody's access says nothing of the version that it was decided on."""

    name = "ends-without-a-version"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The sending of changes of a user stands replaced within."""
        with patch.object(GenesysClient, "patch_user", partialmethod(_on_any_version, GenesysClient.patch_user)):
            yield


def _on_any_version(client: GenesysClient, send: Callable[..., T], *what: Any, if_match: str = "") -> T:
    del if_match
    return send(client, *what)


# ------------------------------------------------------------------------------------------ believes-answers


class BelievesAnswers(Variant):
    """A change of a user that is answered well is applied, whatever the answer shows."""

    name = "believes-answers"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The answers to changes of a user stand replaced within."""
        with patch.object(GenesysClient, "patch_user", partialmethod(_as_sent, GenesysClient.patch_user)):
            yield


def _as_sent(
    client: GenesysClient,
    send: Callable[..., ScimUser],
    genesys_id: str,
    operations: Sequence[Mapping[str, Any]],
    **version: str,
) -> ScimUser:
    user = send(client, genesys_id, operations, **version)
    sent = [operation["value"] for operation in operations if operation.get("path") == "active"]
    return replace(user, active=sent[-1]) if sent else user


# ---------------------------------------------------------------------------------------- protects-nobody


class ProtectsNobody(Variant):
    """Nobody is protected, whatever group the setting names."""

    name = "protects-nobody"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Who is protected stands replaced within."""
        with patch.object(ProtectedPeople, "among", lambda *_: frozenset()):
            yield


# ------------------------------------------------------------------------------------------ no-sync-afterwards


class NoSyncAfterwards(Variant):
    """After a sync whose change may still land the group is not synced again once it can land no more."""

    name = "no-sync-afterwards"

    def store(self) -> MemoryStore:
        """A memory in which no group is due for what may still land."""
        return _LooksNoMore()


class _LooksNoMore(MemoryStore):
    def note_due(self, due: Due) -> None:
        """Note what else is due."""
        if due.why != LATE_WHY or not due.entity.startswith("group:"):
            super().note_due(due)


# ---------------------------------------------------------------------------------------- nothing-pending


class NothingPending(Variant):
    """A write leaves without being written down first."""

    name = "nothing-pending"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """What a record says of writes that leave stands replaced within."""
        with patch.object(UserLink, "begun", lambda link, _: link.pending):
            yield


# ----------------------------------------------------------------------------------------- forgets-restore


class ForgetsRestore(Variant):
    """Removals pass as soon as the records are restored, by what a backup says was compared."""

    name = "forgets-restore"

    def store(self) -> MemoryStore:
        """A memory that is never restored."""
        return _NeverRestored()


class _NeverRestored(MemoryStore):
    def note_restored(self, at: datetime | None) -> None:
        """Nothing happens."""


# ------------------------------------------------------------------------------------ rules-over-operators


class RulesOverOperators(Variant):
    """The rules decide which groups are linked, whatever an operator has said."""

    name = "rules-over-operators"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The rule of a group stands replaced within."""
        with patch.object(Linking, "rule", partialmethod(_of_no_operator, Linking.rule)):
            yield


def _of_no_operator(
    linking: Linking, rule: Callable[..., str], group: OktaGroup, link: GroupLink | None, epoch: int
) -> str:
    said = link is not None and link.linked_by in {LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR}
    return rule(linking, group, replace(link, linked_by="") if link is not None and said else link, epoch)


# ------------------------------------------------------------------------------------------- adopts-unread


class AdoptsUnread(Variant):
    """An account that was there before is taken as it should be: no version is compared, and nobody reads or writes."""

    name = "adopts-unread"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The taking of such accounts stands replaced within."""
        with patch.object(EnforcingWriter, "take", _as_it_should_be):
            yield


def _as_it_should_be(_: EnforcingWriter, link: UserLink, target: Target, change: Change, __: Report) -> ScimUser | None:
    values = {path: value for path, value in target.attributes.items() if path != "externalId"}
    document = scim.create_document(values, active=True, external_id=link.okta_id)
    return None if change.account is None else replace(change.account, document=document, active=True)


VARIANTS: dict[str, type[Variant]] = {
    variant.name: variant
    for variant in (
        Variant,
        Replay,
        NoOrder,
        NoReread,
        OneWindow,
        NoFence,
        TrustsSilence,
        Trusts404,
        MissingIsEmpty,
        UnlinkAtOnce,
        SecondRendering,
        BelievesHints,
        TrustsAbsence,
        RemovalsWithoutAVersion,
        EndsWithoutAVersion,
        BelievesAnswers,
        ProtectsNobody,
        NoSyncAfterwards,
        NothingPending,
        ForgetsRestore,
        RulesOverOperators,
        AdoptsUnread,
    )
}
