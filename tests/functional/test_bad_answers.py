"""Odd answers of both sides against a whole small company: nobody loses anything, nothing is unclassified, all mends.

For half an hour every answer of one kind is odd, while somebody leaves, joins, moves and changes. Each field that the
bridge reads comes as every value that it must not be; then statuses, headers and encodings that nobody documents.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from bridge.provisioning.hold_records import Hold, Verdict
from bridge_local import faults
from bridge_local.exchange import Request, Response
from bridge_local.faults import Effect, Fault, Serve
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.stages.operations_stage import Stage
from tests.world import World

MISSING = object()
HUGE = "x" * 100_000
#: What stands in the place of a value, one after the other.
ODD: tuple[Any, ...] = (None, MISSING, 7, "", HUGE, [], {}, ["a"], {"a": 1}, True, 10**400, "\ud800", [[None]])
OTHER_ID = {"okta": "00uOtherPerson000001", "genesys": "0a0a0a0a-0000-4000-8000-00000000000a"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

#: Each answer that the bridge reads: side, requests, and its fields (``[]`` is every entry of a list).
ANSWERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "okta user": ("okta", r"GET /api/v1/users/[^/?]+$", ("", "id", "status", "profile", "profile.email")),
    "okta assignment": (
        "okta",
        r"GET /api/v1/apps/[^/]+/users/",
        (
            "", "id", "status", "profile", "_embedded", "_embedded.user", "_embedded.user.id", "_embedded.user.status",
            "_embedded.user.profile", "_embedded.user.profile.login",
        ),
    ),
    "okta assignments": (
        "okta", r"GET /api/v1/apps/[^/]+/users\?", ("", "[]", "[].id", "[].status", "[]._embedded.user")
    ),
    "okta app": ("okta", r"GET /api/v1/apps/[^/?]+$", ("", "id", "status")),
    "okta app groups": ("okta", r"GET /api/v1/apps/[^/]+/groups", ("", "[]", "[].id")),
    "okta group": (
        "okta", r"GET /api/v1/groups/[^/?]+$", ("", "id", "profile", "profile.name", "lastMembershipUpdated", "type")
    ),
    "okta members": ("okta", r"GET /api/v1/groups/[^/]+/users", ("", "[]", "[].id", "[].status")),
    "okta own groups": ("okta", r"GET /api/v1/users/[^/]+/groups", ("", "[]", "[].id", "[].profile")),
    "okta groups": ("okta", r"GET /api/v1/groups\?", ("", "[]", "[].id", "[].profile.name")),
    "okta log": (
        "okta", "GET /api/v1/logs",
        ("", "[]", "[].eventType", "[].published", "[].uuid", "[].target", "[].target.[]", "[].target.[].id",
         "[].outcome"),
    ),
    "okta hooks": (
        "okta",
        "GET /api/v1/eventHooks",
        ("", "[]", "[].id", "[].status", "[].events", "[].events.items", "[].channel", "[].channel.config.uri"),
    ),
    "genesys token": ("genesys", "POST /oauth/token", ("", "access_token", "expires_in")),
    "genesys user": (
        "genesys",
        r"GET .*/scim/v2/users/",
        ("", "id", "active", "externalId", "userName", "emails", "emails.[]", "emails.[].value", "phoneNumbers",
         "groups", "meta", "meta.version", "title", ENTERPRISE),
    ),
    "genesys search": (
        "genesys",
        r"GET .*/scim/v2/users\?",
        ("", "totalResults", "Resources", "Resources.[]", "Resources.[].id", "Resources.[].active",
         "Resources.[].externalId"),
    ),
    "genesys created": ("genesys", r"POST .*/scim/v2/users", ("", "id", "active", "meta")),
    "genesys changed": ("genesys", r"PATCH .*/scim/v2/users/", ("", "id", "active", "title")),
    "genesys group": (
        "genesys", r"GET .*/scim/v2/groups/", ("", "id", "displayName", "members", "members.[]", "members.[].value")
    ),
    "genesys groups": (
        "genesys", r"GET .*/scim/v2/groups\?",
        ("", "totalResults", "Resources", "Resources.[].id", "Resources.[].displayName"),
    ),
    "genesys group changed": ("genesys", r"PATCH .*/scim/v2/groups/", ("", "id", "members", "members.[].value")),
}  # fmt: skip


@dataclass(frozen=True)
class Odd:
    """One kind of odd answer: whose, to which requests, and how; `effect` is made anew for each company."""

    side: str
    match: str
    effect: Callable[[], Effect]


def with_field(path: str, values: tuple[Any, ...]) -> Callable[[], Effect]:
    """The field comes as each of the values, one after the other; a path that an answer lacks changes nothing."""

    def effect() -> Effect:
        turn = itertools.cycle(values)
        return faults.edited(lambda document: put(document, path.split(".") if path else [], next(turn)))

    return effect


def put(document: Any, path: list[str], value: Any) -> Any:
    """The document with that value in one place, or in every entry of a list."""
    if not path:
        return None if value is MISSING else value
    head, rest = path[0], path[1:]
    if head == "[]":
        return [put(each, rest, value) for each in document] if isinstance(document, list) else document
    if not isinstance(document, dict) or (rest and head not in document):
        return document
    if rest:
        return {**document, head: put(document[head], rest, value)}
    return {name: each for name, each in document.items() if name != head} | ({} if value is MISSING else {head: value})


def every_field() -> Iterator[tuple[str, Odd]]:
    """Each field of each answer, as every odd value; ids also as somebody else's."""
    for answer, (side, match, fields) in ANSWERS.items():
        for name in fields:
            values = ODD if name.rpartition(".")[2] not in {"id", "value"} else (*ODD, OTHER_ID[side])
            yield f"{answer}: {name or 'the whole'}", Odd(side, match, with_field(name, values))


def recoded(change: Callable[[bytes], bytes], coding: str = "", kind: str = "application/json") -> Callable[[], Effect]:
    """The body in other bytes."""

    def change_answer(answer: Response) -> Response:
        headers = {**answer.headers, "Content-Type": kind}
        return replace(
            answer, body=change(answer.body), headers=headers | ({"Content-Encoding": coding} if coding else {})
        )

    return lambda: faults.changed(change_answer)


def repeated(body: bytes) -> bytes:
    """Every list of the document with each entry twice."""

    def twice(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: twice(each) for name, each in value.items()}
        return [twice(each) for each in value for _ in range(2)] if isinstance(value, list) else value

    return json.dumps(twice(json.loads(body))).encode() if body else body


def in_turn(*effects: Callable[[], Effect]) -> Callable[[], Effect]:
    """One effect after the other."""

    def effect() -> Effect:
        turn = itertools.cycle([make() for make in effects])

        def meet(request: Request, serve: Serve) -> Response:
            return next(turn)(request, serve)

        return meet

    return effect


WHOLE: Mapping[str, Callable[[], Effect]] = {
    **{f"status {status}": partial(faults.bare, status) for status in (204, 206, 304, 502)},
    **{f"done but {status}": partial(faults.done_but, status) for status in (204, 502)},
    **{f"status {status} on it": partial(faults.with_status, status) for status in (201, 206)},
    **{f"gateway {status}": partial(faults.gateway, status) for status in (400, 403, 404, 410, 429)},
    **{f"web page {status}": partial(faults.html, status) for status in (200, 401, 404)},
    "redirect": lambda: faults.redirect("https://sign-in.example.net/"),
    "redirect home": lambda: faults.redirect("/", 308),
    "cut connection": faults.cut,
    "lost answer": faults.lost,
    "late answer": lambda: faults.late(60),
    "nested": faults.nested,
    "cut body": faults.truncated,
    "no body": recoded(lambda _body: b""),
    "blanks": recoded(lambda _body: b" \n"),
    "utf-16": recoded(lambda body: body.decode().encode("utf-16")),
    "latin bytes": recoded(lambda body: body[:-1] + b"\xff\xfe" + body[-1:]),
    "byte order mark": recoded(lambda body: b"\xef\xbb\xbf" + body),
    "json twice": recoded(lambda body: body + body),
    "gzip twice": recoded(lambda body: gzip.compress(gzip.compress(body)), "gzip, gzip"),
    "gzip that is none": recoded(lambda body: body, "gzip"),
    "gzip cut": recoded(lambda body: gzip.compress(body)[:-6], "gzip"),
    "brotli": recoded(lambda body: body, "br"),
    "form": recoded(lambda body: body, kind="text/plain; charset=utf-7"),
    "lists twice": recoded(repeated),
    "huge numbers": faults.huge_numbers,
    "negative numbers": lambda: faults.odd_numbers(-1),
    "not a number": lambda: faults.odd_numbers(float("nan")),
    "date": in_turn(*(partial(faults.headed, Date=date) for date in (
        None, "", "x", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 5000))),
    "retry after": in_turn(*(partial(faults.headed, Retry_After=wait, X_Rate_Limit_Remaining="0",
        X_Rate_Limit_Limit="1", X_Rate_Limit_Reset=wait) for wait in ("-1", "1e99", "99999999999999", "soon", "NaN"))),
    "etag": in_turn(*(partial(faults.headed, ETag=tag) for tag in (None, "x y", "W/", '"', "9" * 5000))),
}  # fmt: skip
OF_ONE: Mapping[str, Odd] = {
    **{
        f"okta link {form}": Odd("okta", r"limit=|/logs", partial(okta_faults.linked, form))
        for form in okta_faults.LINK_FORMS
    },
    **{
        f"okta link to {target}": Odd("okta", r"limit=|/logs", partial(okta_faults.linked_to, target))
        for target in okta_faults.HOSTILE_LINKS
    },
    "okta endless pages": Odd("okta", "/(apps|groups|users).*limit=", okta_faults.endless_pages),
    "okta endless empty pages": Odd(
        "okta", "/(apps|groups|users).*limit=", partial(okta_faults.endless_pages, empty=True)
    ),
    "okta empty listings of assignments": Odd("okta", r"/apps/[^/]+/users\?", okta_faults.empty_listing),
    "okta empty listings of members": Odd("okta", r"/groups/[^/]+/users", okta_faults.empty_listing),
    "okta short listings of members": Odd("okta", r"/groups/[^/]+/users", lambda: okta_faults.short_listing(1)),
    "okta empty own groups": Odd("okta", r"/users/[^/]+/groups", okta_faults.empty_listing),
    "okta unknown status": Odd("okta", r"/users/[^/?]+$", okta_faults.unknown_status),
    "genesys totals": Odd("genesys", "startIndex=", lambda: genesys_faults.total_results(lambda total: total + 10**9)),
    "genesys endless pages": Odd("genesys", "startIndex=", genesys_faults.endless_pages),
    "genesys cut members": Odd("genesys", "GET .*/groups/", lambda: genesys_faults.cut_members(1)),
    **{
        f"genesys refuses all {status}": Odd("genesys", "/scim/", partial(genesys_faults.refused, status))
        for status in (400, 401, 403, 404, 405, 409, 410, 412, 418, 429, 500, 503)
    },
    **{
        f"okta refuses all {status}": Odd(
            "okta", ".", partial(okta_faults.refused, status, code)
        )
        for status, code in {
            400: "E0000001", 401: "E0000011", 403: "E0000006", 404: "E0000007", 405: "E0000022", 429: "E0000047",
            500: "E0000009",
        }.items()
    },
}  # fmt: skip
CASES: dict[str, Odd] = {
    **dict(every_field()),
    **{f"{side}: {name}": Odd(side, ".", effect) for side in ("okta", "genesys") for name, effect in WHOLE.items()},
    **OF_ONE,
}


@dataclass
class Company:
    """Eight people in two groups, of whom some change while answers are odd."""

    odd: Odd

    def __post_init__(self) -> None:
        self.world = world = World()
        with world.okta.quietly():
            self.people = [world.person(f"Person{number} Test", title="Agent") for number in range(8)]
            self.groups = [world.okta.create_group(name) for name in ("Support", "Sales")]
            self.genesys_groups = [world.genesys.add_group(name) for name in ("Support", "Sales")]
            world.okta.add_members(self.groups[0], self.people[:6])
            world.okta.add_members(self.groups[1], self.people[2:])
        world.variables["LINKED_GROUPS"] = "Support,Sales"
        world.restart()
        for entity in (*(f"user:{each}" for each in self.people), *(f"group:{each}" for each in self.groups)):
            world.ask(entity)
        world.poll()
        world.settle()
        self.stay = self.people[2:7]
        for okta_id in self.people:
            assert world.account(okta_id)["active"]
        assert [len(world.genesys.members(each)) for each in self.genesys_groups] == [6, 6]
        self.hire = ""

    def upset(self) -> None:
        """Half an hour of odd answers, in which people leave, join, move and change."""
        world = self.world
        rules = world.okta.faults if self.odd.side == "okta" else world.genesys.faults
        world.restart()  # no token is left
        world.events()
        rules.add(Fault(self.odd.match, self.odd.effect()))
        world.okta.deactivate(self.people[0])
        world.okta.unassign_user(self.people[7])
        world.okta.remove_members(self.groups[0], [self.people[1]])
        world.okta.update_profile(self.people[2], {"title": "Lead", "email": "person2.new@example.com"})
        world.okta.update_profile(self.people[3], {"mobilePhone": "+493012345"})
        self.hire = world.person("Nina New")
        world.okta.add_members(self.groups[0], [self.hire, self.people[6]])
        world.deliver(each=True)
        self.pass_minutes(6)
        world.ask("app")
        for okta_id in self.people:
            world.ask(f"user:{okta_id}")
        for group in self.groups:
            world.ask(f"group:{group}")
        world.reconcile()
        self.pass_minutes(12)
        self.ask_operations()
        world.reconcile("continue")
        self.pass_minutes(12)
        rules.clear()

    def pass_minutes(self, minutes: int) -> None:
        """Time with the schedules of the log poller; those who stay have all they had."""
        for _ in range(minutes // 6):
            self.world.pass_time(0.1)
            self.world.poll()
            self.require_access()

    def ask_operations(self) -> None:
        """What a person asks meanwhile is answered, or refused for a reason."""
        stage = Stage(self.world)
        entities = [f"user:{self.people[0]}", f"user:{self.people[2]}", f"user:{self.hire}", f"group:{self.groups[0]}"]
        asked: list[tuple[str, dict[str, Any]]] = [("status", {})]
        asked += [("explain", {"entity": entity}) for entity in entities]
        for do, fields in asked:
            answer = stage.answer(do, **fields)
            assert answer["ok"] or answer["error"]["reason"] != "unexpected", (do, fields, answer)

    def require_access(self) -> None:
        """Everybody who stays has an active account and every membership."""
        world = self.world
        for okta_id in self.stay:
            assert world.account(okta_id)["active"] is True, f"{okta_id} lost access"
        assert set(self.people[2:6]) <= world.members(self.genesys_groups[0]), "a membership was lost"
        assert set(self.stay) <= world.members(self.genesys_groups[1]), "a membership was lost"

    def require_the_leaver_is_minded(self) -> None:
        """The leaver has no account any more, or is waited for, or stands where a person sees it."""
        world, leaver = self.world, self.people[0]
        entity = f"user:{leaver}"
        judged = world.last(entity).outcome == "held"  # then a sync of the application decides
        waiting = any(
            entity in message.body or (judged and '"entity":"app"' in message.body)
            for queue in world.queues.queues.values()
            for message in queue.messages
        )
        due = leaver in world.store.due() or any(each.entity == entity for each in world.store.dues())
        held = any(leaver in world.store.staged(hold.entity, hold.number) for hold in self.open_holds())
        ended = not world.account(leaver)["active"]
        assert ended or waiting or due or held or world.parked(entity), "the leaver is forgotten"

    def open_holds(self) -> list[Hold]:
        """What waits for a person's decision."""
        holds = [self.world.store.hold(entity) for entity in self.world.store.open_hold_entities()]
        return [hold for hold in holds if hold is not None]

    def mend(self) -> None:
        """The faults are over: what waited is done, what is parked is tried again, a night passes, people decide."""
        world = self.world
        for _ in range(3):
            world.poll()
            world.pass_time(2)
        Stage(world).answer("parked.redrive", all=True)
        world.pass_time(1)
        run = world.reconcile_whole()
        assert not run.failed, run
        for hold in self.open_holds():  # what it holds now are those who really left
            world.decide(hold.entity, Verdict.APPROVE)
        world.settle()


@pytest.fixture
def unexpected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics of exceptions that nobody classified."""
    seen: list[str] = []

    def emit(metric: Any, value: float, dimensions: dict[str, str]) -> None:
        if value and str(metric) in {"UnexpectedErrors", "NotSetUp"}:
            seen.append(f"{metric} {dimensions}")

    monkeypatch.setattr("bridge.aws.telemetry._emit", emit)
    return seen


@pytest.mark.parametrize("kind", CASES)
def test_an_odd_answer_takes_nothing_from_anybody(kind: str, unexpected: list[str]) -> None:
    """Who is in Okta keeps access and groups, who left ends or is waited for, and afterwards both sides agree."""
    company = Company(CASES[kind])
    company.upset()
    company.require_access()
    company.require_the_leaver_is_minded()
    assert unexpected == []
    company.mend()
    company.require_access()
    world = company.world
    world.assert_users_equal()
    for group, genesys_group in zip(company.groups, company.genesys_groups, strict=True):
        usable = {each for each in world.okta.members(group) if each in {*company.people[1:7], company.hire}}
        assert world.members(genesys_group) & {*company.people[1:7], company.hire} == usable
    assert unexpected == []
