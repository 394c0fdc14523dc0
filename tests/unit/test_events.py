"""The normaliser: which events make which items, in which queue, and what is dropped why."""

import json
import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.items import NAMED_EVENTS, Hint, Queue, Reason, group_item, user_item
from bridge.okta.events import BULK_REMOVALS, EVENT_TYPES, Drop, Entity, Normalised, normalise

APP = "0oa1genesyscloudapp1"
OTHER_APP = "0oa1someotherappli01"
DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"
REMOVE = "application.user_membership.remove"


def user(number: int = 1) -> dict[str, Any]:
    """A target of type User."""
    return {"id": f"00u1bridge{number:010d}", "type": "User", "alternateId": "ada.brook@example.com"}


def group(number: int = 1) -> dict[str, Any]:
    """A target of type UserGroup."""
    return {"id": f"00g1bridge{number:010d}", "type": "UserGroup", "alternateId": "unknown"}


def instance(okta_id: str = APP) -> dict[str, Any]:
    """A target of type AppInstance."""
    return {"id": okta_id, "type": "AppInstance", "alternateId": "Genesys Cloud"}


def app_user(number: int = 1) -> dict[str, Any]:
    """A target of type AppUser."""
    return {"id": f"0ua1bridge{number:010d}", "type": "AppUser", "alternateId": "unknown"}


def log_event(event_type: str, *targets: dict[str, Any], number: int = 1, **changes: Any) -> dict[str, Any]:
    """A successful LogEvent in hook form."""
    return {
        "uuid": f"5f0c1f1e-2b7d-4c59-9a43-{number:012x}",
        "published": "2026-11-23T21:00:00.500Z",
        "eventType": event_type,
        "version": "0",
        "outcome": {"result": "SUCCESS"},
        "target": list(targets),
        "transaction": {"type": "WEB", "id": "trn1bridge0000000001", "detail": {}},
        **changes,
    }


def usual_targets(event_type: str) -> tuple[dict[str, Any], ...]:
    """The targets that Okta sends with an event of this type."""
    if event_type.startswith("application.user_membership."):
        return (app_user(), instance(), user())
    if event_type.startswith("group.user_membership."):
        return (user(), group())
    if event_type.startswith("group.application_assignment."):
        return (group(), instance())
    if event_type.startswith("application.lifecycle."):
        return (instance(),)
    if event_type.startswith("system.identity_sources."):
        return (user(), group())
    if event_type.startswith(("group.", "app.user_management", "system.import.group.")):
        return (group(),)
    return (user(),) if event_type.startswith(("user.", "system.import.user.")) else ()


def dropped(event: object) -> Drop:
    """The one reason for which `event` is dropped."""
    result = normalise([event], APP)
    assert (result.items, result.accepted) == ((), 0)
    ((reason, times),) = result.dropped.items()
    assert times == 1
    return reason


def documented() -> dict[str, tuple[str, ...]]:
    """The rows of the table in the document, by event type."""
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_.]+)` \|(.*)\|$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: tuple(cell.strip() for cell in cells.split("|")) for name, cells in rows}


def test_the_document_has_the_table_of_the_code() -> None:
    """docs/events.md names every type, in the code's order, with the same item, queue, hints and hook."""
    expected = {
        name: (
            rule.entity.value,
            "yes" if rule.app else "",
            rule.queue.value + (f" (bulk: {rule.bulk_queue.value})" if rule.bulk_queue else ""),
            ", ".join(sorted(hint.value for hint in rule.hints)),
            "yes" if rule.hook else "",
        )
        for name, rule in EVENT_TYPES.items()
    }
    assert documented() == expected
    assert list(documented()) == list(expected)


def test_the_document_explains_every_reason_to_drop() -> None:
    """docs/events.md has one row for each drop reason."""
    rows = re.findall(r"^\| `([a-z-]+)` \|[^|]+\|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [drop.value for drop in Drop]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("backwards", [False, True])
def test_each_type_makes_the_item_of_its_row(event_type: str, backwards: bool) -> None:
    """Each type makes one item as the document says, in whatever order its targets stand."""
    item_kind, _, queue, hints, _ = documented()[event_type]
    targets = usual_targets(event_type)
    result = normalise([log_event(event_type, *(reversed(targets) if backwards else targets))], APP)
    (item,) = result.items
    assert item.entity == {"user": f"user:{user()['id']}", "group": f"group:{group()['id']}", "app": "app"}[item_kind]
    assert item.queue == queue.partition(" ")[0]
    assert ", ".join(sorted(item.hints)) == hints
    assert (result.accepted, result.dropped, item.reason) == (1, {}, Reason.HOOK)


def test_the_system_log_form_makes_the_same_item_as_the_hook_form() -> None:
    """Null fields, unknown keys and detailEntry of the System Log change nothing but the reason asked for."""
    hook = log_event("application.user_membership.add", app_user(), instance(), user())
    log = {
        **deepcopy(hook),
        "actor": None,
        "device": None,
        "insertionTimestamp": None,
        "request": {"ipChain": []},
        "outcome": {"result": "SUCCESS", "reason": None},
        "target": [{**target, "detailEntry": None, "displayName": None} for target in hook["target"]],
        "somethingNew": {"a": [1]},
    }
    (from_hook,) = normalise([hook], APP).items
    (from_log,) = normalise([log], APP, reason=Reason.CATCHUP).items
    assert from_log.reason is Reason.CATCHUP
    assert (from_log.id, from_log.newest, from_log.hints) == (from_hook.id, from_hook.newest, from_hook.hints)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, Drop.MALFORMED),
        ("text", Drop.MALFORMED),
        ([], Drop.MALFORMED),
        ({}, Drop.MALFORMED),
        ({"eventType": ["user.lifecycle.create"]}, Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), uuid=None), Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), uuid="Ada Brook <ada>"), Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), published=None), Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), published="yesterday"), Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), published="2026-11-23T21:00:00"), Drop.MALFORMED),
        (log_event("user.lifecycle.create", user(), published="0001-01-01T00:00:00+10:00"), Drop.MALFORMED),
        (log_event("group.profile.update", group(), published="9999-12-31T23:59:59.999Z"), Drop.MALFORMED),
        (log_event("user.session.start", user()), Drop.UNKNOWN_TYPE),
        (log_event("event_hook.delivery"), Drop.UNKNOWN_TYPE),
        (log_event("user.lifecycle.deactivate", user(), outcome={"result": "FAILURE"}), Drop.OUTCOME),
        (log_event("user.lifecycle.deactivate", user(), outcome={"result": "Success"}), Drop.OUTCOME),
        (log_event("user.lifecycle.deactivate", user(), outcome=None), Drop.OUTCOME),
        (log_event("user.lifecycle.deactivate", user(), outcome="SUCCESS"), Drop.OUTCOME),
        (log_event("user.lifecycle.deactivate", user(), target=None), Drop.NO_TARGET),
        (log_event("user.lifecycle.deactivate", user(), target={"type": "User"}), Drop.NO_TARGET),
        (log_event("user.lifecycle.deactivate", group()), Drop.NO_TARGET),
        (log_event("user.lifecycle.deactivate", {**user(), "id": None}), Drop.NO_TARGET),
        (log_event("user.lifecycle.deactivate", {**user(), "id": "../groups/00g1"}), Drop.NO_TARGET),
        (log_event("user.lifecycle.deactivate", {**user(), "id": user()["id"] + "\n"}), Drop.NO_TARGET),
        (log_event("group.user_membership.add", user()), Drop.NO_TARGET),
        (log_event("application.user_membership.add", app_user(), user()), Drop.NO_TARGET),
        (log_event("application.user_membership.add", app_user(), instance()), Drop.NO_TARGET),
        (log_event("application.user_membership.add", app_user(), instance(OTHER_APP), user()), Drop.OTHER_APP),
        (log_event("group.application_assignment.add", group(), instance(OTHER_APP)), Drop.OTHER_APP),
        (log_event("application.lifecycle.delete", instance(OTHER_APP)), Drop.OTHER_APP),
    ],
)
def test_what_asks_for_nothing_is_counted_by_its_reason(event: object, reason: Drop) -> None:
    """Each event without work is dropped under its own reason."""
    assert dropped(event) is reason


def test_an_event_without_a_target_field_is_no_error() -> None:
    """A hook leaves null fields out, so `target` may be missing."""
    event = log_event("user.lifecycle.create")
    del event["target"]
    assert dropped(event) is Drop.NO_TARGET


def test_odd_targets_do_not_hide_the_right_one() -> None:
    """Nulls and texts among the targets are passed over."""
    event = log_event("user.lifecycle.create", user())
    event["target"] = [None, "00u", {"id": 7, "type": "User"}, user()]
    assert [item.okta_id for item in normalise([event], APP).items] == [user()["id"]]


def test_bad_events_do_not_hold_back_good_ones() -> None:
    """One delivery of good and bad events makes the good ones' items and counts the rest."""
    result = normalise(
        [
            None,
            log_event("user.lifecycle.create", user(1), number=1),
            "text",
            log_event("user.session.start", user(2), number=2),
            log_event("group.profile.update", group(1), number=3),
        ],
        APP,
    )
    assert [item.entity for item in result.items] == [f"user:{user(1)['id']}", f"group:{group(1)['id']}"]
    assert result.dropped == {Drop.MALFORMED: 2, Drop.UNKNOWN_TYPE: 1}
    assert result.accepted == 2


def test_one_user_gets_one_item_with_all_hints_and_the_latest_time() -> None:
    """Hints are united, the newest `published` wins, and one leaver event takes the item to the leavers' queue."""
    result = normalise(
        [
            log_event("user.lifecycle.deactivate", user(), number=2, published="2026-11-23T21:00:07.000Z"),
            log_event(REMOVE, app_user(), instance(), user(), number=1, published="2026-11-23T21:00:06.000Z"),
            log_event("user.account.update_profile", user(), number=3, published="2026-11-23T22:00:08.000+01:00"),
        ],
        APP,
    )
    (item,) = result.items
    assert item.hints == {Hint.ASSIGNMENT, Hint.ACCESS_ENDS, Hint.DELETION}
    assert item.newest == datetime(2026, 11, 23, 21, 0, 8, tzinfo=UTC)
    assert item.queue is Queue.LEAVERS
    assert len(item.events) == result.accepted == 3


def test_the_same_events_in_another_order_or_twice_make_the_same_item() -> None:
    """Disorder and duplicates do not change the deduplication id of a user's item."""
    events = [log_event("user.account.update_profile", user(), number=number) for number in range(5)]
    (first,) = normalise(events, APP).items
    (second,) = normalise([*reversed(events), *events], APP).items
    assert first == second


def test_a_group_gets_one_item_for_the_slot_of_its_newest_event() -> None:
    """A thousand membership events of one group make one item, told by the newest event's slot."""
    events = [
        log_event(
            "group.user_membership.add",
            user(number),
            group(),
            number=number,
            published=f"2026-11-23T21:00:{number % 4:02d}.{number % 1000:03d}Z",
        )
        for number in range(1000)
    ]
    result = normalise(events, APP)
    (item,) = result.items
    newest = datetime(2026, 11, 23, 21, 0, 3, 999_000, tzinfo=UTC)
    assert item.id == group_item(group()["id"], newest, (), ()).id
    assert item.newest == datetime(2026, 11, 23, 21, 0, 4, tzinfo=UTC)
    assert (item.queue, len(item.events), result.accepted) == (Queue.GROUPS, NAMED_EVENTS, 1000)
    assert item.users == ()


JOIN, LEAVE, RENAME = "group.user_membership.add", "group.user_membership.remove", "group.profile.update"


@pytest.mark.parametrize(
    ("told", "users"),
    [
        ([(JOIN, 1)], (1,)),
        ([("system.identity_sources.group.user.assign", 1)], (1,)),
        ([(JOIN, number) for number in (3, 1, 2, 5, 4, 1)], (1, 2, 3, 4, 5)),
        ([(JOIN, number) for number in range(6)], ()),
        ([(LEAVE, 1)], ()),
        ([("system.identity_sources.group.user.revoke", 1)], ()),
        ([(JOIN, 1), (LEAVE, 2)], ()),
        ([(LEAVE, 2), (JOIN, 1)], ()),
        ([(JOIN, None)], ()),
        ([(JOIN, 1), (JOIN, None)], ()),
        ([(RENAME, None)], None),
        ([(JOIN, 1), (RENAME, None)], None),
        ([("app.user_management", 1)], None),
        ([("group.lifecycle.delete", None)], None),
    ],
)
def test_a_group_item_names_few_who_join_and_nobody_else(
    told: list[tuple[str, int | None]], users: tuple[int, ...] | None
) -> None:
    """Up to five people of additions alone; nobody beside a removal or a bulk; what else may have changed is told."""
    events = [
        log_event(event_type, *([user(who)] if who is not None else []), group(), number=number)
        for number, (event_type, who) in enumerate(told)
    ]
    (item,) = normalise(events, APP).items
    assert item.users == (None if users is None else tuple(sorted(user(who)["id"] for who in users)))


def test_an_item_that_names_people_is_told_by_its_events() -> None:
    """Two of one slot are two items; the same events make the same one."""
    first, second = (
        normalise([log_event(JOIN, user(who), group(), number=number)], APP).items[0]
        for number, who in enumerate((1, 2))
    )
    again = normalise([log_event(JOIN, user(1), group(), number=0)], APP).items[0]
    assert first.id == again.id != second.id


def removals(count: int, *, job: bool = False) -> Normalised:
    """A delivery with so many removals of assignments."""
    transaction = {"type": "JOB" if job else "WEB", "id": "trn1bridge0000000001"}
    return normalise(
        [
            log_event(REMOVE, app_user(number), instance(), user(number), number=number, transaction=transaction)
            for number in range(count)
        ],
        APP,
    )


@pytest.mark.parametrize(
    ("count", "job", "queue"),
    [
        (1, False, Queue.LEAVERS),
        (BULK_REMOVALS, False, Queue.LEAVERS),
        (BULK_REMOVALS + 1, False, Queue.USERS),
        (1, True, Queue.USERS),
    ],
)
def test_bulk_removals_of_assignments_do_not_crowd_the_leavers(count: int, job: bool, queue: Queue) -> None:
    """A removal is a leaver's, unless a JOB made it or more than ten stand in the delivery; its hints stay."""
    result = removals(count, job=job)
    assert {item.queue for item in result.items} == {queue}
    assert {item.hints for item in result.items} == {frozenset({Hint.ASSIGNMENT, Hint.ACCESS_ENDS})}


def test_one_removal_delivered_many_times_is_no_bulk() -> None:
    """Duplicates of one removal count once."""
    event = log_event(REMOVE, app_user(), instance(), user())
    (item,) = normalise([event] * 20, APP).items
    assert item.queue is Queue.LEAVERS


def test_a_deactivation_in_a_bulk_stays_a_leaver() -> None:
    """Who is deactivated goes to the leavers' queue, also when a JOB does it amid many removals (promise P7)."""
    job = {"type": "JOB", "id": "trn1bridge0000000001"}
    events = [
        log_event(REMOVE, app_user(number), instance(), user(number), number=number, transaction=job)
        for number in range(30)
    ]
    events.append(log_event("user.lifecycle.deactivate", user(7), number=99, transaction=job))
    leavers = [item.okta_id for item in normalise(events, APP).items if item.queue is Queue.LEAVERS]
    assert leavers == [user(7)["id"]]


def test_a_missing_transaction_is_no_bulk() -> None:
    """Preview and jobs leave `transaction` or its type out."""
    events = [log_event(REMOVE, app_user(), instance(), user(), transaction=None)]
    assert normalise(events, APP).items[0].queue is Queue.LEAVERS


def test_a_user_and_a_group_of_one_delivery_are_two_entities() -> None:
    """Items of different entities do not mix, and the app has one item however many events name it."""
    result = normalise(
        [
            log_event("group.user_membership.add", user(), group(), number=1),
            log_event("user.lifecycle.create", user(), number=2),
            log_event("group.application_assignment.add", group(), instance(), number=3),
            log_event("application.lifecycle.update", instance(), number=4),
        ],
        APP,
    )
    assert [item.kind for item in result.items] == [Entity.GROUP, Entity.USER, Entity.APP]
    assert result.items[2].queue is Queue.USERS
    assert len(result.items[2].events) == 2


def test_an_old_event_makes_an_item_like_any_other() -> None:
    """Preview replays events with an old `published`: syncing again is harmless, so they count."""
    (item,) = normalise([log_event("user.lifecycle.create", user(), published="2020-09-21T12:58:42.340Z")], APP).items
    assert item == user_item(
        user()["id"], datetime(2020, 9, 21, 12, 58, 42, 340_000, tzinfo=UTC), item.events, queue=Queue.USERS
    )


def test_nothing_of_a_person_gets_into_an_item() -> None:
    """Names and addresses of targets and actors stay behind (promise P9)."""
    event = log_event(
        "user.lifecycle.create",
        {**user(), "displayName": "Ada Brook"},
        actor={"id": user(2)["id"], "alternateId": "ben.field@example.com", "displayName": "Ben Field"},
    )
    (item,) = normalise([event], APP).items
    body = item.to_json().lower()
    assert all(word not in body for word in ("ada", "brook", "ben", "example"))
    assert set(json.loads(body)) == {"v", "id", "entity", "reason", "newest", "events", "hints"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ("uuid", "published", "eventType", "outcome", "target", "transaction")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(field=st.sampled_from(_FIELDS), value=_JSON, event_type=st.sampled_from(sorted(EVENT_TYPES)))
def test_no_value_of_a_field_breaks_the_normaliser(field: str, value: object, event_type: str) -> None:
    """Whatever JSON stands in a field, the event is either counted in or counted out."""
    result = normalise([{**log_event(event_type, *usual_targets(event_type)), field: value}], APP)
    assert result.accepted + sum(result.dropped.values()) == 1
    assert len(result.items) == result.accepted
