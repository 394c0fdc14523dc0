"""Items: their ids, bodies and times."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bridge.errors import Permanent
from bridge.items import (
    GROUP_SLOT_SECONDS,
    NAMED_EVENTS,
    Hint,
    Item,
    Queue,
    Reason,
    Shown,
    app_item,
    format_time,
    group_item,
    make_item,
    parse_item,
    parse_time,
    read_settled,
    user_item,
)

USER = "00u1bridge0000000001"
GROUP = "00g1bridge0000000001"
MALFORMED = "reason, newest, events, hints, users, tries or shown are not as expected"
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def body(**changes: object) -> str:
    """The body of a good item, changed."""
    document: dict[str, object] = {
        "v": 1,
        "id": "5f",
        "entity": f"user:{USER}",
        "reason": "hook",
        "newest": "2026-11-23T12:00:00.000Z",
        "events": ["a", "b"],
        "hints": ["deletion"],
    }
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    "item",
    [
        user_item(USER, NOON, ["b", "a"], [Hint.DELETION, Hint.ACCESS_ENDS]),
        user_item(USER, NOON, ["a"], reason=Reason.CATCHUP),
        group_item(GROUP, NOON, ["a"]),
        group_item(GROUP, NOON, ["a"], [USER]),
        group_item(GROUP, NOON, ["a"], ()),
        make_item(f"group:{GROUP}", Reason.FOLLOW_UP, "3", users=(USER,)),
        app_item(NOON, ["a"]),
        make_item(f"group:{GROUP}", Reason.RECONCILE, "nonce"),
        make_item(f"user:{USER}", Reason.OPERATOR, "nonce"),
        make_item(f"user:{USER}", Reason.RECONCILE, "run:1", shown=Shown("mark", "id", '"1"', ("phone",))),
        make_item(f"user:{USER}", Reason.RECONCILE, "run:1", shown=Shown("mark")),
        replace(make_item(f"user:{USER}", Reason.FOLLOW_UP, "nonce"), due="leaver", tries=3),
    ],
)
def test_an_item_survives_its_body(item: Item) -> None:
    """What is sent is what is read: body and back is the same item."""
    text = item.to_json()
    assert text.isascii()
    assert "\n" not in text
    assert parse_item(text) == item


def test_an_item_says_what_it_names() -> None:
    """Kind and Okta id are the halves of the entity; the app has no id."""
    user, group, app = user_item(USER, NOON, ["a"]), group_item(GROUP, NOON, ["a"]), app_item(NOON, ["a"])
    assert [(item.kind, item.okta_id) for item in (user, group, app)] == [("user", USER), ("group", GROUP), ("app", "")]
    assert [item.queue for item in (user, group, app)] == [Queue.USERS, Queue.GROUPS, Queue.USERS]


def test_the_id_of_a_user_item_covers_entity_and_every_uuid() -> None:
    """The same events in any order, as hook or catch-up, make one id; another event or user makes another."""
    uuids = [f"uuid-{number}" for number in range(NAMED_EVENTS + 5)]
    item = user_item(USER, NOON, uuids)
    same = user_item(USER, NOON, [*reversed(uuids), uuids[0]], reason=Reason.CATCHUP)
    others = [user_item(USER, NOON, uuids[:-1]), user_item(USER[:-1] + "2", NOON, uuids), app_item(NOON, uuids)]
    assert same.id == item.id
    assert item.id not in {other.id for other in others}
    assert len(item.events) == NAMED_EVENTS


def test_the_id_of_a_group_item_is_its_slot() -> None:
    """Events of one 2-second slot make one id whatever they are; the next slot makes another."""
    first = group_item(GROUP, NOON, ["a"])
    same = group_item(GROUP, NOON + timedelta(seconds=GROUP_SLOT_SECONDS, milliseconds=-1), ["b", "c"])
    after = group_item(GROUP, NOON + timedelta(seconds=GROUP_SLOT_SECONDS), ["a"])
    assert first.id == same.id != after.id
    assert first.newest == same.newest == NOON + timedelta(seconds=GROUP_SLOT_SECONDS)


def test_the_id_of_a_group_item_that_names_people_covers_its_events() -> None:
    """It stands for nobody else: neither the slot of its events nor the number of its people makes it another's."""
    named = group_item(GROUP, NOON, ["a"], [USER])
    assert named.id == group_item(GROUP, NOON + timedelta(seconds=9), ["a"], [USER]).id
    others = [
        group_item(GROUP, NOON, ["b"], [USER]),
        group_item(GROUP, NOON, ["a"]),
        group_item(GROUP, NOON, ["a"], ()),
    ]
    assert len({named.id, *(other.id for other in others)}) == 4
    assert (named.newest, named.users) == (NOON, (USER,))


def test_more_people_than_may_be_named_mean_the_whole_group() -> None:
    """Six are an item of the slot that names nobody; so is a message that names six."""
    six = [f"{USER[:-1]}{number}" for number in range(6)]
    assert group_item(GROUP, NOON, ["a"], six) == group_item(GROUP, NOON, ["a"], ())
    assert parse_item(body(entity=f"group:{GROUP}", users=six)).users == ()


def test_an_item_without_events_is_told_by_its_nonce() -> None:
    """Entity, reason and deduplication key make the id: the same cause sends once, a new cause syncs again."""
    entity = f"user:{USER}"
    item = make_item(entity, Reason.REDRIVE, "n1")
    assert item == make_item(entity, Reason.REDRIVE, "n1")
    ids = {
        item.id,
        make_item(entity, Reason.REDRIVE, "n2").id,
        make_item(entity, Reason.HOLD, "n1").id,
        make_item(f"group:{GROUP}", Reason.REDRIVE, "n1").id,
    }
    assert len(ids) == 4
    assert (item.newest, item.events, item.queue) == (None, (), Queue.USERS)
    assert make_item(f"group:{GROUP}", Reason.HOLD, "n1").queue is Queue.GROUPS
    assert make_item(entity, Reason.OPERATOR, "n1", queue=Queue.LEAVERS).queue is Queue.LEAVERS


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{", "body is not JSON"),
        ("[" * 200_000, "body is not JSON"),
        ("[]", "body is not an object"),
        (body(v=2), "v is not one of [1]"),
        (body(v=[]), "v is not one of [1]"),
        (body(v=True), "v is not one of [1]"),
        ("{}", "v is not one of [1]"),
        (body(entity=None), "entity is not user:<id>, group:<id> or app"),
        (body(entity="user:../../x"), "entity is not user:<id>, group:<id> or app"),
        (body(entity=f"user:{USER}\n"), "entity is not user:<id>, group:<id> or app"),
        (body(entity="robot:00u1bridge0000000001"), "entity is not user:<id>, group:<id> or app"),
        (body(id=""), "id is missing"),
        (body(id=7), "id is missing"),
        (body(reason="whim"), MALFORMED),
        (body(newest="noon"), MALFORMED),
        (body(newest=7), MALFORMED),
        (body(events=7), MALFORMED),
        (body(hints=["haste"]), MALFORMED),
        (body(users=USER), MALFORMED),
        (body(users=[7]), MALFORMED),
        (body(users=["../x"]), MALFORMED),
        (body(tries="3"), MALFORMED),
        (body(shown=[]), MALFORMED),
        (body(shown={"name": "n", "id": 7, "version": "", "held": []}), MALFORMED),
        (body(shown={"name": "n", "id": "", "version": ""}), MALFORMED),
        (body(tries=1e400), MALFORMED),
    ],
)
def test_an_unreadable_body_is_permanent(text: str, detail: str) -> None:
    """What is no item of a readable version is parked under one reason code, with the field at fault."""
    with pytest.raises(Permanent) as parked:
        parse_item(text)
    assert (parked.value.reason, parked.value.detail) == ("unreadable-item", detail)


def test_fields_that_may_be_missing() -> None:
    """An item without newest, events and hints is readable."""
    document = json.loads(body())
    for name in ("newest", "events", "hints"):
        del document[name]
    item = parse_item(json.dumps(document))
    assert (item.newest, item.events, item.hints) == (None, (), frozenset())


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T12:00:00.250Z", NOON + timedelta(milliseconds=250)),
        ("2026-11-23T14:00:00+02:00", NOON),
        ("2026-11-23T12:00:00Z", NOON),
    ],
)
def test_times_are_read_as_utc(text: str, time: datetime) -> None:
    """Every offset becomes UTC."""
    assert parse_time(text) == time
    assert parse_time(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (None, TypeError),
        (1_700_000_000, TypeError),
        ("", ValueError),
        ("noon", ValueError),
        ("2026-11-23T12:00:00", ValueError),
        ("0001-01-01T00:00:00+10:00", ValueError),
        ("9999-12-31T23:59:59-10:00", ValueError),
    ],
)
def test_what_is_no_time_is_refused(value: object, error: type[Exception]) -> None:
    """Other types are TypeErrors; other texts, also such as leave the calendar, are ValueErrors."""
    with pytest.raises(error):
        parse_time(value)


def test_times_are_written_as_okta_writes_them() -> None:
    """Milliseconds and Z, whatever the offset was."""
    tokyo = timezone(timedelta(hours=9))
    assert format_time(NOON.astimezone(tokyo) + timedelta(microseconds=1999)) == "2026-11-23T12:00:00.001Z"


def test_a_read_is_settled_once_the_lag_has_passed() -> None:
    """A read dated before newest + lag may not show the events; without events every read is settled."""
    item, lag = user_item(USER, NOON, ["a"]), timedelta(seconds=5)
    assert not read_settled(item, NOON + timedelta(seconds=4), lag)
    assert read_settled(item, NOON + lag, lag)
    assert read_settled(replace(item, newest=None), NOON, lag)
