"""What a store promises, proved on the DynamoDB store (against moto) and on the one in memory alike."""

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from moto import mock_aws

from bridge.aws.store.dynamo import DynamoStore
from bridge.aws.store.table import Put, StateTable
from bridge.errors import FenceMoved, OwnerTaken, Permanent, Transient
from bridge.items import format_time
from bridge.outbound.breaker import Breakers
from bridge.outbound.refusals import Refusals
from bridge.provisioning.hold_records import Decision, Hold, HoldState, LeaverRecords, Removal, RemovalState, Verdict
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import (
    AppListing,
    AppState,
    Breaker,
    Due,
    GroupLink,
    GroupState,
    JournalEntry,
    LogCursor,
    ParkedItem,
    Refusal,
    RefusalLog,
)
from bridge.provisioning.runs import Memory, Phase, Run, Runs, RunTaken
from bridge.provisioning.user_records import Origin, Pending, PendingKind, Refused, UserLink, UserState, Waiting
from bridge.provisioning.writes import is_write
from bridge_local.memory import MemoryStore
from tests.world import VirtualClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
ADA, BEN, CAY = "00uAdaBrook000000001", "00uBenHill0000000002", "00uCayStone000000003"
TEAM, CREW = "00gTeamNorth00000001", "00gCrewSouth00000002"
G1, G2 = "3f0c8a52-0000-4000-8000-000000000001", "3f0c8a52-0000-4000-8000-000000000002"
ENTITY = f"group:{TEAM}"
HOLD = Hold(
    entity=ENTITY,
    number=1,
    state=HoldState.OPENING,
    revision=1,
    reason="ceiling",
    staged=2,
    events=("e1", "e2"),
    opened=NOW,
    changed=NOW,
    explanation="W 2, c 0, B 2",
)
TABLES = itertools.count()


@pytest.fixture(scope="module")
def client() -> "Iterator[DynamoDBClient]":
    """DynamoDB as moto plays it, one for the module: making a client takes longer than a test."""
    with mock_aws():
        yield boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def table(client: "DynamoDBClient") -> str:
    """The name of a state table of its own for each test."""
    name = f"state-{next(TABLES)}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


class WatchedStore:
    """A store in memory of which every test asks whether what its port calls a read writes nothing."""

    def __init__(self) -> None:
        self._store = MemoryStore()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return method if is_write(getattr(Memory, name)) else partial(self._read, method)

    def _read(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        before = self._held()
        answer = method(*arguments, **named)
        answer = iter(list(answer)) if isinstance(answer, Iterator) else answer
        assert self._held() == before, f"{method.__name__} writes: the port is to say so"
        return answer

    def _held(self) -> dict[str, Any]:
        return copy.deepcopy({name: held for name, held in vars(self._store).items() if name != "_lock"})


@pytest.fixture(params=["memory", "dynamo"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each store in turn."""
    if request.param == "memory":
        return cast("Store", WatchedStore())
    return DynamoStore(request.getfixturevalue("client"), request.getfixturevalue("table"))


def linked(store: Store, okta_id: str, genesys_id: str) -> UserLink:
    """A user bound to a Genesys Cloud user."""
    link = replace(
        store.begin_user_sync(okta_id),
        state=UserState.LINKED,
        genesys_id=genesys_id,
        origin=Origin.CREATED,
        active=True,
    )
    store.claim_user(link)
    return link


class TestUserLinks:
    """Links of users, their fence, and who owns which Genesys Cloud user."""

    def test_nobody_is_known_at_first(self, store: Store) -> None:
        """An unknown user is None, or missing among many."""
        assert store.user(ADA) is None
        assert store.users([ADA, BEN]) == {}
        assert store.users([]) == {}
        assert store.owners([G1]) == {}

    def test_each_sync_has_the_next_number(self, store: Store) -> None:
        """A sync makes the record if need be, and a record with only a sync number is no link."""
        assert [store.begin_user_sync(ADA).sync_number for _ in range(3)] == [1, 2, 3]
        assert store.user(ADA) == UserLink(ADA, sync_number=3)
        assert not store.begin_user_sync(ADA).is_link

    def test_a_record_comes_back_as_it_was_written(self, store: Store) -> None:
        """Every field survives, and the next sync keeps them all."""
        link = UserLink(
            okta_id=ADA,
            sync_number=1,
            state=UserState.STAGED,
            genesys_id="",
            active=False,
            origin=Origin.ADOPTED,
            hashes={"userName": "ab12", 'phoneNumbers[type eq "work"].value': "cd34"},
            status="STAGED",
            assigned=True,
            epoch=4,
            synced=NOW,
            groups_due=True,
            unassigned_due="ceiling",
            waiting=Waiting("user-name-taken", NOW - timedelta(minutes=1)),
            pending=(
                Pending(PendingKind.CHANGE, NOW - timedelta(seconds=1), ("title", "active")),
                Pending(PendingKind.CREATE, NOW + timedelta(microseconds=1)),
            ),
            refused={"title": Refused("ef56", NOW)},
            gone_id=G2,
        )
        store.begin_user_sync(ADA)
        store.save_user(link)
        assert store.user(ADA) == link
        assert store.users([ADA, BEN, ADA]) == {ADA: link}
        assert store.begin_user_sync(ADA) == replace(link, sync_number=2)

    def test_nobody_changes_the_store_by_changing_what_it_gave(self, store: Store) -> None:
        """What was read is the reader's own."""
        store.begin_user_sync(ADA)
        store.save_user(UserLink(ADA, sync_number=1, state=UserState.WANTED, hashes={"title": "ab"}))
        for read in (store.user(ADA), store.users([ADA])[ADA], store.begin_user_sync(ADA)):
            assert read is not None
            read.hashes.clear()
        again = store.user(ADA)
        assert again is not None
        assert again.hashes == {"title": "ab"}

    def test_a_save_after_another_sync_began_is_refused(self, store: Store) -> None:
        """The fence: an older sync writes nothing, and says so."""
        first = store.begin_user_sync(ADA)
        second = store.begin_user_sync(ADA)
        with pytest.raises(FenceMoved):
            store.save_user(replace(first, state=UserState.WANTED))
        assert store.user(ADA) == second
        store.save_user(replace(second, state=UserState.WANTED))
        store.save_user(replace(second, state=UserState.STAGED))
        assert store.user(ADA) == replace(second, state=UserState.STAGED)

    def test_a_save_without_a_sync_is_refused(self, store: Store) -> None:
        """No sync, no record, no write."""
        with pytest.raises(FenceMoved):
            store.save_user(UserLink(ADA, sync_number=1))
        with pytest.raises(FenceMoved):
            store.claim_user(UserLink(ADA, sync_number=1, genesys_id=G1))
        assert store.user(ADA) is None
        assert store.owners([G1]) == {}

    def test_a_claim_writes_link_and_owner(self, store: Store) -> None:
        """Both are there afterwards, and claiming again is harmless."""
        link = linked(store, ADA, G1)
        store.claim_user(link)
        assert store.user(ADA) == link
        assert store.owners([G1, G2, G1]) == {G1: f"user:{ADA}"}

    def test_what_another_owns_is_not_claimed(self, store: Store) -> None:
        """One Genesys Cloud user has one Okta user; nothing of a refused claim remains."""
        linked(store, ADA, G1)
        mine = store.begin_user_sync(BEN)
        with pytest.raises(OwnerTaken) as taken:
            store.claim_user(replace(mine, state=UserState.LINKED, genesys_id=G1))
        assert taken.value.owner == f"user:{ADA}"
        with pytest.raises(OwnerTaken):
            store.claim_user(replace(mine, genesys_id=G1), previous_owner=CAY)
        assert store.user(BEN) == mine

    def test_the_fence_comes_before_the_owner(self, store: Store) -> None:
        """A sync that is too old learns that first: its wish may be void."""
        linked(store, ADA, G1)
        old = store.begin_user_sync(BEN)
        store.begin_user_sync(BEN)
        with pytest.raises(FenceMoved):
            store.claim_user(replace(old, genesys_id=G1))
        assert store.owners([G1]) == {G1: f"user:{ADA}"}

    def test_a_claim_moves_a_user_from_its_previous_owner(self, store: Store) -> None:
        """A rehire: the old Okta user's link is gone without an id, and a sync of it must start again."""
        linked(store, ADA, G1)
        running = store.begin_user_sync(ADA)
        mine = replace(store.begin_user_sync(BEN), state=UserState.LINKED, genesys_id=G1, origin=Origin.ADOPTED)
        store.claim_user(mine, previous_owner=ADA)
        assert store.user(BEN) == mine
        assert store.owners([G1]) == {G1: f"user:{BEN}"}
        before = store.user(ADA)
        assert before is not None
        assert (before.state, before.genesys_id, before.active, before.hashes) == (UserState.GONE, "", None, {})
        assert before.ever_linked
        with pytest.raises(FenceMoved):
            store.save_user(running)

    def test_a_claim_leaves_a_previous_owner_alone_that_holds_another_user(self, store: Store) -> None:
        """Only who really held the Genesys Cloud user loses it."""
        other = linked(store, ADA, G2)
        store.claim_user(replace(store.begin_user_sync(BEN), genesys_id=G1), previous_owner=ADA)
        assert store.user(ADA) == other
        assert store.owners([G1, G2]) == {G1: f"user:{BEN}", G2: f"user:{ADA}"}

    def test_a_claim_may_name_itself_or_nobody_known_as_previous_owner(self, store: Store) -> None:
        """Neither harms."""
        link = linked(store, ADA, G1)
        store.claim_user(link, previous_owner=ADA)
        store.claim_user(link, previous_owner=CAY)
        assert store.user(ADA) == link
        assert store.user(CAY) is None

    def test_letting_go_of_an_id_frees_it(self, store: Store) -> None:
        """A link saved without its Genesys id gives it back, so that somebody else can have it."""
        link = linked(store, ADA, G1)
        store.save_user(replace(link, state=UserState.GONE, genesys_id=""))
        assert store.owners([G1]) == {}
        assert linked(store, BEN, G1) == store.user(BEN)

    def test_a_claim_of_another_id_frees_the_first(self, store: Store) -> None:
        """A relink: the old id is nobody's afterwards."""
        link = linked(store, ADA, G1)
        store.claim_user(replace(link, genesys_id=G2))
        assert store.owners([G1, G2]) == {G2: f"user:{ADA}"}

    def test_letting_go_of_an_id_that_another_has_by_now_takes_nothing_from_it(self, store: Store) -> None:
        """Only one's own reverse record is given back."""
        linked(store, ADA, G1)
        store.claim_user(replace(store.begin_user_sync(BEN), genesys_id=G1), previous_owner=ADA)
        store.save_user(replace(store.begin_user_sync(ADA), genesys_id=""))
        assert store.owners([G1]) == {G1: f"user:{BEN}"}

    def test_a_claim_needs_an_id(self, store: Store) -> None:
        """A claim of nothing is a bug of the caller."""
        link = store.begin_user_sync(ADA)
        with pytest.raises(ValueError, match="Genesys Cloud id"):
            store.claim_user(link)

    def test_many_users_are_read_and_owned(self, store: Store) -> None:
        """More than one batch of DynamoDB comes back whole."""
        ids = [f"00uMany{number:013}" for number in range(230)]
        for okta_id in ids:
            store.begin_user_sync(okta_id)
        assert set(store.users([*ids, ADA])) == set(ids)


class TestReferences:
    """By what people are found as managers."""

    def test_the_last_one_who_is_noted_counts(self, store: Store) -> None:
        """Keyed hashes stand for one user each; an unknown one for nobody."""
        store.note_references(["h1", "h2"], ADA)
        store.note_references(["h2"], BEN)
        store.note_references([], BEN)
        assert [store.referenced(one) for one in ("h1", "h2", "h3")] == [ADA, BEN, ""]


class TestGroupLinks:
    """Links of groups."""

    def test_groups_are_listed_with_every_field(self, store: Store) -> None:
        """What was written is what is listed, by id."""
        assert store.groups() == []
        assert store.group(TEAM) is None
        store.begin_group_sync(TEAM)
        link = GroupLink(
            okta_id=TEAM,
            sync_number=1,
            state=GroupState.UNLINKED,
            linked_by="assigned",
            first_sync_ended=True,
            ended=1,
            synced=NOW,
            nonempty=NOW - timedelta(hours=1),
            ceiling=50,
            ceiling_percent=100,
            why="ambiguous",
        )
        store.save_group(link)
        other = store.begin_group_sync(CREW)
        assert store.groups() == [other, link]
        assert store.group(TEAM) == link

    def test_a_group_remembers_which_sync_ended(self, store: Store) -> None:
        """A sync that saves has ended; one that writes nothing else may say so, and one that is overtaken may not."""
        begun = store.begin_group_sync(TEAM)
        assert begun.ended is None
        store.save_group(replace(begun, why="no-match"))
        again = store.begin_group_sync(TEAM)
        assert (again.sync_number, again.ended) == (2, 1)
        store.end_group_sync(replace(again, why="not written"))
        assert store.group(TEAM) == replace(again, ended=2)
        last = store.begin_group_sync(TEAM)
        store.end_group_sync(again)
        assert store.group(TEAM) == last

    def test_groups_have_a_fence(self, store: Store) -> None:
        """An older sync writes nothing."""
        first = store.begin_group_sync(TEAM)
        store.begin_group_sync(TEAM)
        for write in (store.save_group, store.claim_group):
            with pytest.raises(FenceMoved):
                write(replace(first, genesys_id=G1))

    def test_one_genesys_group_has_one_okta_group(self, store: Store) -> None:
        """A second claim is refused until the first group releases it."""
        team = replace(store.begin_group_sync(TEAM), state=GroupState.LINKED, genesys_id=G1)
        store.claim_group(team)
        crew = replace(store.begin_group_sync(CREW), state=GroupState.LINKED, genesys_id=G1)
        with pytest.raises(OwnerTaken) as taken:
            store.claim_group(crew)
        assert taken.value.owner == ENTITY
        store.save_group(replace(team, state=GroupState.UNLINKED, genesys_id=""))
        store.claim_group(crew)
        assert store.owners([G1]) == {G1: f"group:{CREW}"}

    def test_a_hold_and_the_people_whom_events_name_are_read_at_once(self, store: Store) -> None:
        """The group's newest hold, and the records that are there."""
        assert store.hold_and_users(ENTITY, [ADA]) == (None, {})
        link = linked(store, ADA, "8a7b")
        hold = replace(HOLD, state=HoldState.OPEN)
        store.save_hold(hold)
        assert store.hold_and_users(ENTITY, [ADA, BEN]) == (hold, {ADA: link})


class TestRemovals:
    """What the ceilings count."""

    def test_removals_count_from_a_moment_on(self, store: Store) -> None:
        """The window rolls exactly: a record at its very beginning counts, one a millisecond older does not."""
        store.reserve(ENTITY, [ADA], NOW)
        store.reserve(ENTITY, [BEN], NOW + timedelta(hours=1))
        store.reserve("app", [CAY], NOW)
        assert store.removals(ENTITY, NOW) == {ADA, BEN}
        assert store.removals(ENTITY, NOW + timedelta(milliseconds=1)) == {BEN}
        assert store.removals("app", NOW) == {CAY}
        assert store.removals(f"group:{CREW}", NOW) == frozenset()

    @pytest.mark.parametrize("again", ["reserve", "complete"])
    def test_a_user_has_one_record_whose_time_moves(self, store: Store, again: str) -> None:
        """A retry and the end of the call move the one record."""
        store.reserve(ENTITY, [ADA, ADA], NOW)
        getattr(store, again)(ENTITY, [ADA], NOW + timedelta(hours=1))
        assert store.removals(ENTITY, NOW + timedelta(minutes=30)) == {ADA}

    def test_a_thousand_removals_are_counted(self, store: Store) -> None:
        """More than one batch and one page."""
        users = {f"00uMany{number:013}" for number in range(1000)}
        store.reserve(ENTITY, users, NOW)
        assert store.removals(ENTITY, NOW) == users

    def test_seen_users_are_remembered(self, store: Store) -> None:
        """Each group has its own; twice is once."""
        store.add_seen(ENTITY, [ADA, BEN])
        store.add_seen(ENTITY, [BEN])
        store.add_seen(ENTITY, [])
        assert store.seen(ENTITY) == {ADA, BEN}
        assert store.seen(f"group:{CREW}") == frozenset()

    def test_approved_removals_are_not_counted_and_can_be_withdrawn(self, store: Store) -> None:
        """A permission is found by user and by age; it is no removal until it is one."""
        store.permit(ENTITY, [ADA, BEN], NOW)
        store.reserve(ENTITY, [CAY], NOW)
        assert store.removals(ENTITY, NOW - timedelta(hours=1)) == {CAY}
        assert store.permitted(ENTITY, NOW - timedelta(hours=1)) == {ADA, BEN}
        assert store.permitted(ENTITY, NOW + timedelta(hours=1)) == frozenset()
        found = store.leaving(ENTITY, ADA).removals.get(ENTITY)
        assert found is not None
        assert (found.state, abs(found.at - NOW) < timedelta(milliseconds=1)) == (RemovalState.APPROVED, True)
        store.withdraw(ENTITY, [ADA, "00uNobody00000000009"])
        assert store.leaving(ENTITY, ADA).removals.get(ENTITY) is None
        assert store.permitted(ENTITY, NOW - timedelta(hours=1)) == {BEN}

    def test_exceptions_are_kept_until_ended(self, store: Store) -> None:
        """Each for its own entity."""
        store.add_exceptions(ENTITY, [ADA, BEN])
        store.add_exceptions("app", [CAY])
        store.remove_exceptions(ENTITY, [ADA])
        assert store.exceptions(ENTITY) == {BEN}
        assert store.exceptions("app") == {CAY}

    def test_without_exceptions_there_are_none_to_end(self, store: Store) -> None:
        """Ending what is not there is harmless."""
        store.remove_exceptions(ENTITY, [ADA])
        assert store.exceptions(ENTITY) == frozenset()

    def test_what_is_on_record_of_a_leaver_is_read_at_once(self, store: Store) -> None:
        """Exception, hold, and the records of the entity and of others that are asked for; of nobody else."""
        assert store.leaving("app", ADA, ["app-permits"]) == LeaverRecords(excepted=False, removals={}, hold=None)
        at = NOW.replace(microsecond=0)
        store.reserve("app", [ADA, BEN], at)
        store.permit("app-permits", [ADA], at)
        store.add_exceptions("app", [BEN])
        hold = replace(HOLD, entity="app", state=HoldState.OPEN)
        store.save_hold(hold)
        own, permit = Removal(RemovalState.RESERVED, at), Removal(RemovalState.APPROVED, at)
        assert store.leaving("app", ADA, ["app-permits"]) == LeaverRecords(
            excepted=False, removals={"app": own, "app-permits": permit}, hold=hold
        )
        assert store.leaving("app", BEN) == LeaverRecords(excepted=True, removals={"app": own}, hold=hold)

    def test_a_removal_that_is_done_ends_what_permitted_it(self, store: Store) -> None:
        """Both by one call, for the named people alone."""
        at = NOW.replace(microsecond=0)
        store.reserve("app", [ADA], at)
        store.permit("app-permits", [ADA, BEN], at)
        store.complete("app", [ADA], at, permits="app-permits")
        assert store.leaving("app", ADA).removals.get("app") == Removal(RemovalState.DONE, at)
        assert store.permitted("app-permits", at) == {BEN}


class TestHolds:
    """Headers and staged users."""

    def test_the_header_comes_back_and_changes(self, store: Store) -> None:
        """The newest state of the newest hold stands."""
        assert store.hold(ENTITY) is None
        store.save_hold(HOLD)
        assert store.hold(ENTITY) == HOLD
        opened = replace(HOLD, state=HoldState.OPEN, revision=2, changed=NOW + timedelta(seconds=1))
        store.save_hold(opened)
        assert store.hold(ENTITY) == opened
        assert store.hold("app") is None

    def test_an_older_hold_does_not_cover_a_newer_one(self, store: Store) -> None:
        """An approved hold that ends later than the next was opened leaves that one standing."""
        store.save_hold(HOLD)
        newer = replace(HOLD, number=2)
        store.save_hold(newer)
        store.save_hold(replace(HOLD, state=HoldState.DONE))
        assert store.hold(ENTITY) == newer

    def test_a_header_that_comes_late_covers_no_later_one(self, store: Store) -> None:
        """A write that was long on its way finds a later revision, or a later change, and leaves it and its history."""
        later = replace(HOLD, state=HoldState.OPEN, revision=HOLD.revision + 1)
        decided = replace(later, state=HoldState.APPROVED, changed=NOW + timedelta(minutes=12))
        for stands, late in ((later, replace(HOLD, state=HoldState.RESOLVED)), (decided, later)):
            store.save_hold(stands)
            with pytest.raises(FenceMoved):
                store.save_hold(late)
            assert store.hold(ENTITY) == stands
            store.save_hold(stands)
        assert {hold.state for hold in store.hold_history(ENTITY)} == {HoldState.OPEN, HoldState.APPROVED}

    def test_open_holds_are_named_once_for_each_entity(self, store: Store) -> None:
        """From the moment one opens until the newest one has closed; an older one that closes changes nothing."""
        assert len(store.open_hold_entities()) == 0
        store.save_hold(HOLD)
        store.save_hold(replace(HOLD, state=HoldState.OPEN))
        store.save_hold(replace(HOLD, entity="app"))
        assert len(store.open_hold_entities()) == 2
        store.save_hold(replace(HOLD, entity="app", state=HoldState.RESOLVED))
        store.save_hold(replace(HOLD, number=2))
        store.save_hold(replace(HOLD, state=HoldState.DONE))
        assert len(store.open_hold_entities()) == 1
        store.save_hold(replace(HOLD, number=2, state=HoldState.REJECTED))
        assert len(store.open_hold_entities()) == 0

    def test_the_first_decision_counts(self, store: Store) -> None:
        """Who comes second learns what was decided; another hold has its own decision."""
        approve = Decision(ENTITY, 1, 2, Verdict.APPROVE, "arn:aws:iam::1:role/a", "CHG-1", NOW)
        assert store.decision(ENTITY, 1) is None
        assert store.decide(approve) == approve
        assert store.decide(replace(approve, verdict=Verdict.REJECT, by="arn:aws:iam::1:role/b")) == approve
        assert store.decision(ENTITY, 1) == approve
        assert store.decision(ENTITY, 2) is None

    def test_every_change_of_a_hold_is_in_its_history(self, store: Store) -> None:
        """Oldest first, also those of older holds."""
        opened = replace(HOLD, state=HoldState.OPEN, changed=NOW + timedelta(seconds=1))
        done = replace(HOLD, state=HoldState.DONE, by="arn", changed=NOW + timedelta(seconds=2))
        for header in (HOLD, opened, done, replace(HOLD, number=2, changed=NOW + timedelta(seconds=3))):
            store.save_hold(header)
        states = [(hold.number, hold.state.value, hold.by) for hold in store.hold_history(ENTITY)]
        assert states == [(1, "opening", ""), (1, "open", ""), (1, "done", "arn"), (2, "opening", "")]

    def test_users_are_staged_with_their_revision(self, store: Store) -> None:
        """Each hold of each entity has its own; taking out somebody who is not there is harmless."""
        for number, revision, users in ((1, 1, [ADA, BEN]), (1, 2, [CAY]), (2, 1, [ADA])):
            store.save_hold(replace(HOLD, number=number, revision=revision))
            store.stage(ENTITY, number, revision, users)
        store.unstage(ENTITY, 1, [BEN, "00uNobody00000000009"])
        assert store.staged(ENTITY, 1) == {ADA: 1, CAY: 2}
        assert store.staged(ENTITY, 2) == {ADA: 1}
        assert store.staged("app", 1) == {}

    def test_nobody_is_staged_under_a_header_that_has_moved(self, store: Store) -> None:
        """A sync that was overtaken stages nobody whom a decider would be taken to have seen."""
        store.save_hold(HOLD)
        store.save_hold(replace(HOLD, revision=HOLD.revision + 1))
        for number, revision in ((1, HOLD.revision), (2, 1)):
            with pytest.raises(FenceMoved):
                store.stage(ENTITY, number, revision, [ADA])
        many = [f"00u{number:016}5d7" for number in range(250)]
        store.stage(ENTITY, 1, HOLD.revision + 1, many)
        assert set(store.staged(ENTITY, 1)) == set(many)

    def test_a_header_replaces_the_one_that_was_read_alone(self, store: Store) -> None:
        """A state that somebody has written meanwhile is covered by nothing, whatever revision it is of."""
        with pytest.raises(FenceMoved):
            store.replace_hold(HOLD, replace(HOLD, state=HoldState.OPEN))
        store.replace_hold(None, HOLD)
        opened = replace(HOLD, state=HoldState.OPEN)
        store.replace_hold(HOLD, opened)
        done = replace(opened, state=HoldState.DONE, changed=NOW + timedelta(seconds=1))
        store.replace_hold(opened, done)
        assert len(store.open_hold_entities()) == 0
        for before in (None, opened, HOLD):
            with pytest.raises(FenceMoved):
                store.replace_hold(before, replace(HOLD, revision=9, changed=NOW + timedelta(days=1)))
        assert store.hold(ENTITY) == done
        history = {hold.state for hold in store.hold_history(ENTITY)}
        assert history == {HoldState.OPENING, HoldState.OPEN, HoldState.DONE}

    def test_how_far_an_approval_has_come_is_no_change_of_the_hold(self, store: Store) -> None:
        """The newest word of each group counts; a read gives all groups."""
        assert store.releases() == {}
        store.note_release(ENTITY, 1, 30, NOW)
        store.note_release(ENTITY, 1, 20, NOW)
        store.note_release("group:00gAnother000000001", 2, 5, NOW)
        assert store.releases() == {ENTITY: (1, 20), "group:00gAnother000000001": (2, 5)}
        assert store.hold(ENTITY) is None

    def test_a_reminder_is_no_change_of_the_hold_and_the_next_hold_has_its_own(self, store: Store) -> None:
        """The newest one counts; neither the header nor its history knows of it."""
        assert store.reminded(ENTITY, 1) is None
        store.note_reminded(ENTITY, 1, NOW)
        store.note_reminded(ENTITY, 1, NOW + timedelta(days=1))
        assert store.reminded(ENTITY, 1) == NOW + timedelta(days=1)
        assert store.reminded(ENTITY, 2) is None
        assert store.hold(ENTITY) is None
        assert store.hold_history(ENTITY) == []


class TestApp:
    """The application's record and who waits for it."""

    def test_the_state_grows_by_parts(self, store: Store) -> None:
        """Epoch, status and bootstrapping are written apart and read together."""
        assert store.app() == AppState()
        assert store.raise_epoch() == AppState(epoch=1)
        store.note_app_status("ACTIVE")
        assert store.raise_epoch() == AppState(epoch=2, status="ACTIVE")
        store.set_bootstrapped()
        assert store.app() == AppState(epoch=2, bootstrapped=True, status="ACTIVE")

    def test_nothing_is_parked_until_something_is(self, store: Store) -> None:
        """A reading that found nothing counts while nothing has been parked since it began; not after a restore."""
        assert not store.app().none_is_parked  # nobody has looked yet, as in records of earlier releases
        store.note_none_parked(store.app().parkings)
        assert store.app().none_is_parked
        began = store.app().parkings
        store.park(ParkedItem(f"user:{ADA}", "i1", "{}", "user-not-visible", "", NOW))
        assert not store.app().none_is_parked
        store.note_none_parked(began)
        assert not store.app().none_is_parked
        assert store.close_parked(f"user:{ADA}") == 1
        store.note_none_parked(store.app().parkings)
        assert store.app().none_is_parked
        store.note_restored(NOW)
        assert not store.app().none_is_parked

    def test_syncs_pauses_and_reconciles_are_remembered(self, store: Store) -> None:
        """Each field by itself; the sync number grows by one."""
        assert store.begin_app_sync().sync_number == 1
        assert store.begin_app_sync().sync_number == 2
        store.note_app_synced(NOW)
        store.pause_removals(paused=True)
        store.note_reconciled("observe")
        assert store.app() == AppState(sync_number=2, synced=NOW, removals_paused=True, reconciled="observe")
        store.pause_removals(paused=False)
        assert store.app().removals_paused is False
        store.note_stopped(NOW)
        assert store.app().stopped_since == NOW
        store.note_stopped(None)
        store.confirm_organisation("client https://api.example.com")
        assert store.app().organisation == "client https://api.example.com"
        store.confirm_organisation("")
        store.note_judging(due=True)
        assert store.app().judging_due is True
        store.note_judging(due=False)
        assert store.app() == AppState(sync_number=2, synced=NOW, reconciled="observe")

    def test_a_restore_holds_removals_whatever_operators_say(self, store: Store) -> None:
        """Nothing counts as compared; it ends alone, and leaves an operator's own pause as it is."""
        store.set_bootstrapped()
        store.note_reconciled("enforce")
        store.note_restored(NOW)
        assert store.begin_app_sync() == AppState(sync_number=1, restored=NOW, removals_paused=True)
        store.pause_removals(paused=False)
        assert store.app() == AppState(sync_number=1, restored=NOW, removals_paused=True)
        store.pause_removals(paused=True)
        store.note_restored(None)
        assert store.app() == AppState(sync_number=1, removals_paused=True)

    def test_due_users_wait_once(self, store: Store) -> None:
        """Who waits is listed by id until forgotten."""
        for okta_id in (BEN, ADA, BEN):
            store.add_due(okta_id)
        assert store.due() == [ADA, BEN]
        store.remove_due([BEN, CAY])
        assert store.due() == [ADA]


class TestDues:
    """What must be synced again at a time of its own: one record for each entity and cause."""

    def test_writing_again_replaces(self, store: Store) -> None:
        """Every field is read as written, by entity and cause; a second record of the same cause takes its place."""
        first = Due(f"user:{BEN}", "leaver", NOW, tries=1)
        others = [Due(f"user:{ADA}", "leaver", NOW), Due(f"user:{BEN}", f"new-member:{CAY}", NOW)]
        for due in (first, *others, replace(first, at=NOW + timedelta(minutes=5), tries=2)):
            store.note_due(due)
        assert store.dues() == [others[0], replace(first, at=NOW + timedelta(minutes=5), tries=2), others[1]]
        assert store.dues(f"user:{ADA}") == [others[0]]
        assert store.dues("app") == []

    def test_a_settled_record_is_forgotten(self, store: Store) -> None:
        """Of one cause; forgetting what is not there harms nothing."""
        store.note_due(Due("app", "a", NOW))
        store.note_due(Due("app", "b", NOW))
        store.settle_due("app", "a")
        store.settle_due("app", "c")
        assert store.dues() == [Due("app", "b", NOW)]

    def test_a_record_that_was_written_again_stays(self, store: Store) -> None:
        """Who has sent the item of one time forgets the record of that time and no other."""
        later = Due(ENTITY, "leaver", NOW + timedelta(microseconds=1))
        store.note_due(later)
        store.settle_due(ENTITY, "leaver", at=NOW)
        assert store.dues() == [later]
        store.settle_due(ENTITY, "leaver", at=later.at)
        assert store.dues() == []


class TestParking:
    """Items that wait for a person."""

    def test_each_person_and_cause_stands_once(self, store: Store) -> None:
        """Whichever item met it: the last one replaces the others; members of a group are causes of their own."""
        parked = ParkedItem(f"user:{ADA}", "i1", "{}", "user-not-visible", "", NOW)
        member = ParkedItem(f"group:{ADA}", "member:8a7b", "{}", "member-refused", "8a7b", NOW)
        last = replace(parked, item_id="i2", since=NOW, parked=NOW + timedelta(days=1), reference="r", ticket="OPS-1")
        other = replace(parked, reason="genesys-400")
        for item in (parked, last, other, replace(parked, entity=f"user:{BEN}"), member):
            store.park(item)
        store.park(replace(member, item_id="member:9c0d"))
        assert store.parked_items(f"user:{ADA}") == [other, last]
        assert [item.item_id for item in store.parked_items(f"group:{ADA}")] == ["member:8a7b", "member:9c0d"]
        assert len(store.parked_items()) == 5
        assert store.parked_items("user:") == []

    def test_parked_items_close_by_entity(self, store: Store) -> None:
        """All of the entity's but those that the same sync has met again, and nobody else's."""
        parked = ParkedItem(f"user:{ADA}", "i1", "{}", "user-not-visible", "", NOW)
        for item in (parked, replace(parked, reason="genesys-400"), replace(parked, entity=f"user:{BEN}")):
            store.park(item)
        assert store.close_parked(f"user:{ADA}", keep={"genesys-400"}) == 1
        assert [item.reason for item in store.parked_items(f"user:{ADA}")] == ["genesys-400"]
        assert store.close_parked(f"user:{ADA}") == 1
        assert store.close_parked(f"user:{ADA}") == 0
        assert store.close_parked(f"user:{BEN}") == 1


class TestJournal:
    """What can be read again of the decisions."""

    def test_the_last_entries_come_newest_first(self, store: Store) -> None:
        """Failures, which are kept by item, stand among the others by their time."""
        for minute, outcome in enumerate(("created", "failed", "updated", "unchanged")):
            store.write(JournalEntry(f"user:{ADA}", NOW + timedelta(minutes=minute), outcome, items=("i1",)))
        store.write(JournalEntry(f"user:{BEN}", NOW + timedelta(hours=1), "created"))
        assert [entry.outcome for entry in store.entries(f"user:{ADA}", 3)] == ["unchanged", "updated", "failed"]
        assert store.entries(f"user:{CAY}", 3) == []

    def test_the_log_has_all_entities_by_time(self, store: Store) -> None:
        """Over days, the newest first, behind a place, since a time; what left everything as it was is not there."""
        outcomes = ("created", "unchanged", "failed", "skipped", "held", "updated")
        for number, outcome in enumerate(outcomes):
            entity = f"user:{ADA}" if number % 2 else f"group:{BEN}"
            store.write(JournalEntry(entity, NOW + timedelta(hours=9 * number), outcome, items=(f"i{number}",)))
        store.write(JournalEntry(f"user:{CAY}", NOW, "unchanged", refused=("title",)))
        late = f"{format_time(NOW + timedelta(days=9))}#~"
        found = [*store.log(NOW - timedelta(days=1), late)]
        assert [entry.outcome for _, entry in found] in (
            ["updated", "held", "failed", "created", "unchanged"],
            ["updated", "held", "failed", "unchanged", "created"],
        )
        assert [entry.outcome for _, entry in store.log(NOW + timedelta(hours=20), late)] == ["updated", "held"]
        assert [place for place, _ in store.log(NOW - timedelta(days=1), found[1][0])] == [
            place for place, _ in found[2:]
        ]
        assert [*store.log(NOW + timedelta(days=8), late)] == []

    def test_differences_stand_once_for_each_entity(self, store: Store) -> None:
        """What observe mode would do now, until it would do nothing."""
        first = JournalEntry(f"user:{ADA}", NOW, "observed", calls=("would POST users userName",))
        second = replace(first, at=NOW + timedelta(minutes=1), calls=("would PATCH users/1 replace title",))
        for entry in (first, second, replace(first, entity=f"user:{BEN}")):
            store.note_difference(entry)
        assert store.differences() == [second, replace(first, entity=f"user:{BEN}")]
        store.clear_difference(f"user:{BEN}")
        assert store.differences() == [second]


# ------------------------------------------------------------------------ what only one of the two can show


class TestBreakers:
    """Whether an upstream may be called: one record each, and nobody overwrites what they have not read."""

    def test_closed_at_first(self, store: Store) -> None:
        """Without a record it may be called."""
        assert store.breaker("okta") == Breaker("okta")

    def test_is_read_as_it_was_written(self, store: Store) -> None:
        """Every field, with the version one higher; other upstreams have records of their own."""
        breaker = Breaker("okta", open=True, why="okta-503", since=NOW, tried=NOW + timedelta(seconds=1), wait=30)
        assert store.save_breaker(breaker)
        assert store.breaker("okta") == replace(breaker, version=1)
        assert store.breaker("genesys") == Breaker("genesys")
        assert store.breakers_of(["genesys", "okta"]) == {
            "genesys": Breaker("genesys"),
            "okta": replace(breaker, version=1),
        }

    def test_of_two_writers_one_wins(self, store: Store) -> None:
        """Who has read an older version writes nothing and is told so."""
        assert store.save_breaker(Breaker("okta", why="first"))
        assert not store.save_breaker(Breaker("okta", why="second"))
        assert store.breaker("okta").why == "first"
        assert store.save_breaker(replace(store.breaker("okta"), why="third"))
        assert (store.breaker("okta").why, store.breaker("okta").version) == ("third", 2)

    def test_refusals_are_kept_beside_it(self, store: Store) -> None:
        """Who is refused, since when, and what was granted last are read as they were written."""
        refusal = Refusal("genesys PATCH users", since=NOW, at=NOW + timedelta(minutes=5), place=2, alone=1)
        log = RefusalLog(place=3, of={f"user:{ADA}": refusal}, granted={"genesys POST users": 3})
        assert store.save_breaker(Breaker("genesys", refusals=log))
        assert store.breaker("genesys").refusals == log

    def test_two_environments_count_together(self, store: Store) -> None:
        """What one is refused the other knows, and what one is granted; a third who is refused blames the service."""
        clock = VirtualClock()
        first, second = (Refusals(clock) for _ in range(2))
        for refusals in (first, second):
            refusals.shared = Breakers(store, clock, {})
        first.refused("user:1", "genesys PATCH users")
        second.refused("user:2", "genesys PATCH users")
        first.refused("user:3", "genesys PATCH users")
        assert first.of("user:3") == Refusal("genesys PATCH users", clock.now(), clock.now(), place=3, alone=0)
        second.granted("genesys PATCH users")
        first.refused("user:3", "genesys PATCH users")
        last = first.of("user:3")
        assert last is not None
        assert last.alone == 1
        second.ended("user:3")
        assert set(store.breaker("genesys").refusals.of) == {"user:1", "user:2"}


def test_memory_journal_keeps_the_last_failure_of_an_item() -> None:
    """An outage of a day leaves one entry for each item, not one for each try."""
    store = MemoryStore()
    failed = JournalEntry(f"user:{ADA}", NOW, "failed", items=("i1",))
    for entry in (failed, replace(failed, items=("i2",)), replace(failed, at=NOW + timedelta(minutes=5))):
        store.write(entry)
    store.write(replace(failed, outcome="updated"))
    assert [(entry.outcome, entry.items, entry.at > NOW) for entry in store.journal] == [
        ("failed", ("i2",), False),
        ("failed", ("i1",), True),
        ("updated", ("i1",), False),
    ]


def test_dynamo_journal_keeps_entries_for_90_days(client: "DynamoDBClient", table: str) -> None:
    """Entries of one moment stand side by side, the same one stands once, failures of an item replace each other."""
    store = DynamoStore(client, table)
    entry = JournalEntry(f"user:{ADA}", NOW, "updated", items=("i1",), read={"status": "ACTIVE"}, changed=("title",))
    failed = replace(entry, outcome="failed")
    later = NOW + timedelta(minutes=5)
    for written in (entry, entry, replace(entry, outcome="created"), failed, replace(failed, at=later)):
        store.write(written)
    store.write(replace(failed, items=()))
    records = list(StateTable(client, table).query(f"user:{ADA}", "journal#"))
    assert [(record["outcome"], record["at"]) for record in records].count(
        ("failed", "2026-11-24T09:35:00.123456Z")
    ) == 1
    assert sorted(record["outcome"] for record in records) == ["created", "failed", "failed", "updated"]
    updated = next(record for record in records if record["outcome"] == "updated")
    assert updated["expires"] == int((NOW + timedelta(days=90)).timestamp())
    assert (updated["read"], updated["changed"]) == ({"status": "ACTIVE"}, ["title"])


def test_dynamo_keeps_every_change_of_a_hold(client: "DynamoDBClient", table: str) -> None:
    """The history has each saved header, also those of older holds."""
    store = DynamoStore(client, table)
    store.save_hold(HOLD)
    store.save_hold(replace(HOLD, number=2))
    store.save_hold(replace(HOLD, state=HoldState.DONE, revision=2, changed=NOW + timedelta(hours=1)))
    history = StateTable(client, table).query(ENTITY, "hold#")
    assert [(record["number"], record["state"]) for record in history] == [(1, "opening"), (1, "done"), (2, "opening")]


def test_dynamo_removals_end_after_the_longest_window(client: "DynamoDBClient", table: str) -> None:
    """Time to live is 31 days: the longest window of a ceiling is 30."""
    DynamoStore(client, table).complete(ENTITY, [ADA], NOW)
    (record,) = StateTable(client, table).query(ENTITY, "removal#")
    assert record["expires"] == int((NOW + timedelta(days=31)).timestamp())
    assert record["state"] == "done"


def test_exceptions_are_read_and_ended(client: "DynamoDBClient", table: str) -> None:
    """Exceptions, which a rejection writes, keep their users until they are ended; in memory likewise."""
    memory = MemoryStore(excepted={(ENTITY, ADA), (ENTITY, BEN), ("app", CAY)})
    dynamo = DynamoStore(client, table)
    for okta_id in (ADA, BEN):
        StateTable(client, table).put(Put((ENTITY, f"exception#{okta_id}"), {}))
    for store in (memory, dynamo):
        assert store.exceptions(ENTITY) == {ADA, BEN}
        store.remove_exceptions(ENTITY, [ADA])
        assert store.exceptions(ENTITY) == {BEN}


@pytest.mark.parametrize("version", [3, None])
def test_an_unknown_version_is_not_guessed(client: "DynamoDBClient", table: str, version: int | None) -> None:
    """A record of a later release is parked by its key, never misread."""
    StateTable(client, table).put(Put(("users", ADA), {"v": version, "look": 1}))
    with pytest.raises(Permanent) as refused:
        DynamoStore(client, table).user(ADA)
    assert (refused.value.reason, refused.value.detail) == ("unreadable-record", f"users {ADA}")


def test_a_move_that_changed_meanwhile_starts_again(client: "DynamoDBClient", table: str) -> None:
    """The previous owner released it between our reading and our writing: the whole sync begins anew."""
    store = DynamoStore(client, table)
    linked(store, ADA, G1)
    mine = replace(store.begin_user_sync(BEN), genesys_id=G1)
    stale = store.user(ADA)
    store.save_user(replace(store.begin_user_sync(ADA), genesys_id="", state=UserState.GONE))

    class Late(DynamoStore):
        def user(self, okta_id: str) -> UserLink | None:
            return stale if okta_id == ADA else super().user(okta_id)

    with pytest.raises(FenceMoved):
        Late(client, table).claim_user(mine, previous_owner=ADA)
    assert store.owners([G1]) == {}


def test_a_release_that_changed_meanwhile_starts_again(client: "DynamoDBClient", table: str) -> None:
    """Another sync began, and somebody took the id over, between our reading and our writing."""
    store = DynamoStore(client, table)
    link = linked(store, ADA, G1)
    store.claim_user(replace(store.begin_user_sync(BEN), genesys_id=G1), previous_owner=ADA)
    StateTable(client, table).put(Put(("users", ADA), {"look": 1, "genesys_id": G1}))

    class Late(DynamoStore):
        def owners(self, genesys_ids: Any) -> dict[str, str]:
            return dict.fromkeys(genesys_ids, f"user:{ADA}")

    with pytest.raises(FenceMoved):
        Late(client, table).save_user(replace(link, sync_number=1, genesys_id=""))
    assert store.owners([G1]) == {G1: f"user:{BEN}"}


def refusal(code: str, **response: Any) -> ClientError:
    """A failure as botocore raises it."""
    document: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"RequestId": "R1", "HTTPStatusCode": 400},
        **response,
    }
    return ClientError(document, "Operation")


CALLS: dict[str, tuple[str, Callable[[Store], object]]] = {
    "get": ("get_item", lambda store: store.user(ADA)),
    "get many": ("batch_get_item", lambda store: store.users([ADA])),
    "query": ("query", lambda store: store.groups()),
    "put": ("put_item", lambda store: store.save_user(UserLink(ADA, sync_number=1))),
    "update": ("update_item", lambda store: store.begin_user_sync(ADA)),
    "put many": ("batch_write_item", lambda store: store.add_seen(ENTITY, [ADA])),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("failure", "reason", "reference"),
    [
        (refusal("ProvisionedThroughputExceededException"), "store-provisioned-throughput-exceeded", "R1"),
        (refusal("AccessDeniedException"), "store-access-denied", "R1"),
        (refusal("InternalServerError"), "store-internal-server-error", "R1"),
        (EndpointConnectionError(endpoint_url="https://dynamodb.example.com"), "store-unreachable", ""),
    ],
)
def test_failures_of_the_service_are_transient(name: str, failure: Exception, reason: str, reference: str) -> None:
    """Throttling, a role taken away, an outage: the item waits, whatever the call was."""
    method, call = CALLS[name]
    with pytest.raises(Transient) as raised:
        call(DynamoStore(Mock(**{f"{method}.side_effect": failure}), "state"))
    assert (raised.value.reason, raised.value.upstream, raised.value.reference) == (reason, "store", reference)


@pytest.mark.parametrize("failure", [refusal("ValidationException"), ParamValidationError(report="Key")])
def test_our_own_bugs_are_not_retried(failure: Exception) -> None:
    """A request that can never be right is no outage."""
    with pytest.raises(type(failure)):
        DynamoStore(Mock(**{"get_item.side_effect": failure}), "state").user(ADA)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["TransactionConflict", "None"], Transient),
        (["None", "ThrottlingError"], Transient),
        (["ValidationError"], ClientError),
    ],
)
def test_a_cancelled_transaction_is_told_apart(reasons: list[str], expected: type[Exception]) -> None:
    """A clash or throttling is transient; only a condition that was not met is the fence or the owner."""
    failure = refusal("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])
    client = Mock(
        **{
            "get_item.return_value": {
                "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}, "v": {"N": "1"}, "look": {"N": "1"}}
            },
            "transact_write_items.side_effect": failure,
        }
    )
    with pytest.raises(expected):
        DynamoStore(client, "state").claim_user(UserLink(ADA, sync_number=1, genesys_id=G1))


class Leaving:
    """DynamoDB that does a part of each batch, as it does under load, and passes everything else on."""

    def __init__(self, client: "DynamoDBClient", table: str, *, done: int) -> None:
        self._client = client
        self._table = table
        self._done = done

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - the API's name
        """Answer for the first keys, leave the others."""
        whole = RequestItems[self._table]
        answer: Any = {"Responses": {}}
        if self._done:
            part: Any = {**whole, "Keys": whole["Keys"][: self._done]}
            answer = self._client.batch_get_item(RequestItems={self._table: part})
        left = whole["Keys"][self._done :]
        return {**answer, "UnprocessedKeys": {self._table: {**whole, "Keys": left}} if left else {}}

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - the API's name
        """Write the first records, leave the others."""
        whole = RequestItems[self._table]
        if self._done:
            self._client.batch_write_item(RequestItems={self._table: whole[: self._done]})
        left = whole[self._done :]
        return {"UnprocessedItems": {self._table: left} if left else {}}


def test_what_a_batch_leaves_is_asked_again(client: "DynamoDBClient", table: str) -> None:
    """A batch in three parts is whole in the end, with a pause before each further part."""
    pauses: list[float] = []
    leaving: Any = Leaving(client, table, done=1)
    store = DynamoStore(leaving, table, pause=pauses.append)
    store.reserve(ENTITY, [ADA, BEN, CAY], NOW)
    assert DynamoStore(client, table).removals(ENTITY, NOW) == {ADA, BEN, CAY}
    for okta_id in (ADA, BEN, CAY):
        DynamoStore(client, table).begin_user_sync(okta_id)
    assert set(store.users([ADA, BEN, CAY])) == {ADA, BEN, CAY}
    assert pauses == [0.05, 0.1, 0.05, 0.1]


def test_a_batch_that_never_ends_is_transient(client: "DynamoDBClient", table: str) -> None:
    """After a few tries the item waits; a reservation that is not whole never returns."""
    leaving: Any = Leaving(client, table, done=0)
    store = DynamoStore(leaving, table, pause=lambda _: None)
    for call in (lambda: store.reserve(ENTITY, [ADA], NOW), lambda: store.users([ADA])):
        with pytest.raises(Transient, match="store-unprocessed"):
            call()


def test_a_long_partition_is_read_page_by_page(client: "DynamoDBClient", table: str) -> None:
    """DynamoDB answers 1 MB at a time; here two records at a time."""

    class Paging:
        def query(self, **request: Any) -> Any:
            return client.query(**request, Limit=2)

    ids = [f"00uMany{number:013}" for number in range(5)]
    for okta_id in ids:
        DynamoStore(client, table).add_due(okta_id)
    paging: Any = Paging()
    assert DynamoStore(paging, table).due() == ids


class TestCatchUp:
    """The place in the System Log."""

    def test_the_place_is_kept_as_it_was_saved(self, store: Store) -> None:
        """None at first, then the last one saved, to the millisecond."""
        assert store.log_cursor() is None
        for link in ("", "https://example.okta.com/api/v1/logs?after=1"):
            cursor = LogCursor(link=link, question="q", at=NOW + timedelta(milliseconds=123))
            store.save_log_cursor(cursor)
            assert store.log_cursor() == cursor


class TestRuns:
    """The newest run of the reconcile, and what it has seen."""

    RUN = Run(number=1, mode="enforce", started=NOW)

    def test_a_run_is_kept_as_it_was_saved(self, store: Store) -> None:
        """None at first; then every field, counts and ids too, one version further."""
        runs = cast("Runs", store)
        assert runs.run() is None
        run = replace(
            self.RUN,
            phase=Phase.ACTIVE,
            place="26",
            lease_until=NOW,
            totals={"active": 50},
            counts={"differs": 2},
            ids={"differs": (ADA, BEN)},
        )
        saved = runs.save_run(run)
        assert saved == replace(run, version=1)
        assert runs.run() == saved

    def test_only_who_read_the_newest_version_writes(self, store: Store) -> None:
        """So one invocation at a time works on a run, and a new run takes the place of the one it has seen."""
        runs = cast("Runs", store)
        saved = runs.save_run(self.RUN)
        with pytest.raises(RunTaken):
            runs.save_run(self.RUN)
        following = runs.save_run(replace(saved, number=2))
        with pytest.raises(RunTaken):
            runs.save_run(replace(saved, place="late"))
        assert runs.run() == following

    def test_a_listing_goes_on_where_it_was_kept(self, store: Store) -> None:
        """Its ids are those of all its places; who has not seen its newest version writes nothing."""
        began = AppListing(3, NOW, ("i1",), following="/page2", held_until=NOW)
        assert store.listing() is None
        store.keep_listing(began, "", ())
        held = replace(began, version=1)
        assert store.listing() == held
        with pytest.raises(FenceMoved):
            store.keep_listing(replace(began, places=("9-0",)), "9-0", {"another"})
        more = replace(held, places=("3-0",), dates=(NOW,), pages=20, epoch=4)
        store.keep_listing(more, "3-0", {ADA, BEN})
        last = replace(more, following="", places=("3-0", "3-1"), dates=(NOW, NOW), version=2, ended=True)
        store.keep_listing(last, "3-1", set())
        assert store.listing() == replace(last, version=3)
        assert [store.listed_ids(place) for place in (*last.places, "gone")] == [{ADA, BEN}, set(), None]
        store.drop_listing()
        assert store.listing() is None

    def test_what_a_run_has_seen_is_kept_by_place_and_forgotten(self, store: Store) -> None:
        """The same place again overwrites; another run's is apart."""
        runs = cast("Runs", store)
        for number, place, seen in ((1, "active#1", b"old"), (1, "active#1", b"a" * 8), (1, "active#2", b"")):
            runs.add_seen_accounts(number, place, seen, NOW)
        runs.add_seen_accounts(2, "active#1", b"b" * 8, NOW)
        assert sorted(runs.seen_accounts(1)) == [b"", b"a" * 8]
        runs.drop_seen_accounts(1)
        assert (list(runs.seen_accounts(1)), list(runs.seen_accounts(2))) == ([], [b"b" * 8])


def test_records_of_an_earlier_release_are_read_and_replaced(client: "DynamoDBClient", table: str) -> None:
    """One for each item then: all are shown, and the next one of the same cause takes their place."""
    old = {"entity": f"user:{ADA}", "body": "{}", "reason": "user-not-visible", "detail": "", "parked": NOW.isoformat()}
    for item in ("i1", "reconcile"):
        StateTable(client, table).put(Put(("parked", f"user:{ADA}#{item}"), {**old, "item_id": item}))
    store = DynamoStore(client, table)
    assert [item.item_id for item in store.parked_items()] == ["i1", "reconcile"]
    store.park(ParkedItem(f"user:{ADA}", "i3", "{}", "user-not-visible", "", NOW))
    assert [item.item_id for item in store.parked_items()] == ["i3"]
