"""What the page shows, as one JSON document: health, what needs somebody, both sides, the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from bridge.items import format_time
from bridge.operations.bridge_answers import Breaker, Status
from bridge.operations.needs import Need, needs
from bridge.operations.reasons import in_words, text_of
from bridge.provisioning.linking import UNLINKED_BY_OPERATOR
from bridge_local.console.memory import Memory, Record
from bridge_local.console.sides import SHOWN, Group, Person, Sides
from bridge_local.moto_model import Message

_UPSTREAMS = {"okta": "Okta", "genesys": "Genesys Cloud", "organisation": "Genesys Cloud organisation"}
#: A problem's id -> what it is called on the page; the status's own words stand below.
_TITLES = {
    "not-set-up": "The bridge's secret is not filled",
    "another-organisation": "The credentials lead to another Genesys Cloud organisation",
    "queues-paused": "The bridge is paused: nothing is read from the queues",
    "app-not-active": "The Okta application is switched off",
    "hook-not-active": "Okta's event hook is not active",
    "hook-unverified": "Okta's event hook is not verified, so Okta tells the bridge nothing",
    "hook-types-missing": "Okta's event hook does not send all types of events",
    "catch-up-behind": "Catch-up stands still: Okta's System Log cannot be read",
    "reconcile-failed": "The last comparison of everything failed",
    "reconcile-overdue": "The nightly comparison has not come",
    "holds-open": "Removals wait for your decision",
    "parked": "The bridge cannot settle these people and groups by itself",
    "exceptions-kept": "People keep access that Okta has ended, by a rejected hold",
    "dead-letters": "Messages were given up",
    "removals-paused": "Removals are paused: anyone who leaves a group keeps it",
    "observing": "The bridge only observes: nothing is written to Genesys Cloud",
    "group-not-linked": "A group is not linked, so nobody in it becomes a member in Genesys Cloud",
}
#: Okta ids of staged people whose names are shown.
_NAMED = 12


def document(memory: Memory, sides: Sides | None, status: Status | None, now: datetime, options: str) -> dict[str, Any]:
    """The whole page, without what is asked for about one person or group.

    Args:
        memory: what the bridge remembers.
        sides: both sides, compared; None where an outside server stands in one's place.
        status: the bridge's own answer, None where it gives none.
        now: the present moment.
        options: what ends a command for this stack.
    """
    found = [] if status is None else needs(status, now)
    return {
        "at": format_time(now),
        "healthy": None if status is None else not found,
        "health": [] if status is None else list(_health(status, now)),
        "needs": [] if status is None else [_need(each, status, memory, options) for each in found],
        "holds": [_hold(entity, hold, memory, sides) for entity, hold in sorted(memory.holds.items())],
        "parked": [_parked(record, sides) for record in memory.parked if not record.get("discarded")],
        "unlinked": [
            _unlinked(entity, why, sides, memory)
            for entity, why in sorted((status.not_linked if status is not None else {}).items())
        ],
        "exceptions": [
            {"entity": entity, "name": name_of(entity, sides, memory), "people": _people(users, sides)}
            for entity, users in sorted(memory.exceptions.items())
        ],
        "journal": [entry(record, sides, memory) for record in memory.journal],
    }


def name_of(entity: str, sides: Sides | None, memory: Memory) -> str:
    """What people call an entity; its id where nobody knows a name."""
    kind, _, okta_id = entity.partition(":")
    if entity == "app":
        return "the whole application"
    if sides is not None and kind == "user" and okta_id in sides.people:
        return sides.people[okta_id].name
    if sides is not None and kind == "group":
        return sides.group_name(okta_id, memory.groups) or okta_id
    return okta_id


def entry(record: Record, sides: Sides | None, memory: Memory) -> dict[str, Any]:
    """A line of the journal."""
    numbers = {name: int(record.get(name, 0)) for name in ("added", "removed", "held")}
    why = str(record.get("why", ""))
    return {
        "at": str(record["at"]),
        "entity": str(record["entity"]),
        "name": name_of(str(record["entity"]), sides, memory),
        "outcome": str(record["outcome"]),
        "reason": str(record.get("reason", "")),
        "why": why,
        "means": text_of(why).means if why and why != "hook" else "",
        "changed": [str(each) for each in record.get("changed") or ()],
        "numbers": [f"{number} {name}" for name, number in numbers.items() if number],
        "calls": [str(each) for each in record.get("calls") or ()],
    }


# ------------------------------------------------------------------------------------------------- health


def _health(status: Status, now: datetime) -> Iterator[dict[str, str]]:
    breakers = {each.upstream: each for each in status.breakers or ()}
    okta, genesys = breakers.get("okta"), breakers.get("genesys")
    inactive = status.app_status not in {None, "ACTIVE"}
    if inactive and not _open(okta):
        yield _mark("Okta", "bad", f"application {status.app_status}")
    else:
        yield _upstream("Okta", okta)
    hook = {None: ("idle", "not checked yet"), "": ("good", "verified")}.get(status.hook)
    yield _mark("Event hook", *(hook or ("bad", str(status.hook).replace("-", " "))))
    read = status.caught_up
    behind = read is not None and any(each.problem == "catch-up-behind" for each in needs(status, now))
    yield _mark("Catch-up", "idle" if read is None else "bad" if behind else "good", "not yet", at=read)
    on_the_way = {name: depth for name, depth in status.queues.items() if name != "dead-letters"}
    count = sum(depth.waiting + depth.in_hand + depth.later for depth in on_the_way.values())
    yield _mark("On the way", "busy" if count else "good", f"{count} {'item' if count == 1 else 'items'}")
    yield _upstream("Genesys Cloud", genesys)
    paused = "everything paused" if status.paused_everything else "removals paused" if status.paused_removals else ""
    mode = "enforces" if status.mode == "enforce" else "observes only"
    yield _mark("Mode", "bad" if paused else "good" if status.mode == "enforce" else "idle", paused or mode)
    run = status.reconcile
    state = "idle" if run is None else {"failed": "bad", "running": "busy"}.get(run.state, "good")
    yield _mark("Comparison", state, "none yet" if run is None else run.state, at=None if run is None else run.ended)


def _upstream(name: str, breaker: Breaker | None) -> dict[str, str]:
    if not _open(breaker) or breaker is None:
        return _mark(name, "good", "answers")
    return _mark(name, "bad", f"not called: {breaker.why}", at=breaker.since)


def _open(breaker: Breaker | None) -> bool:
    return breaker is not None and breaker.state == "open"


def _mark(name: str, state: str, says: str, *, at: datetime | None = None) -> dict[str, str]:
    return {"name": name, "state": state, "says": says, "at": "" if at is None else format_time(at)}


# -------------------------------------------------------------------------------------------------- needs


def _need(need: Need, status: Status, memory: Memory, options: str) -> dict[str, str]:
    title, says = _TITLES.get(need.problem, ""), need.says
    for breaker in status.breakers or ():
        name, text = _UPSTREAMS.get(breaker.upstream, breaker.upstream), text_of(breaker.why)
        if need.problem == f"{breaker.upstream}-credentials":
            text = text_of(breaker.refused or breaker.why)
            title = f"{name} refuses the bridge's credentials: {_lower(text.means)}"
            says = f"Everything for it waits, and nothing is lost. {text.first}"
        elif need.problem == f"{breaker.upstream}-down":
            title = f"{name} is down: {_of_whom(text.means, name)}"
            says = f"Everything for it waits, and nothing is lost. {text.first}"
    if need.problem == "parked":
        reasons = {str(each.get("reason", "")) for each in memory.parked if not each.get("discarded")}
        if len(reasons) == 1:
            title = f"{status.parked} parked: {_lower(text_of(reasons.pop()).means.partition(';')[0])}"
    return {
        "problem": need.problem,
        "title": title or need.says,
        "what": says if says.endswith((".", "?")) else f"{says}.",
        "command": f"bridge {need.command} {options}",
    }


def _of_whom(means: str, name: str) -> str:
    """What a reason means, without its subject where that has just been named."""
    return f"it{means.removeprefix(name)}".rstrip(".") if means.startswith(f"{name} ") else _lower(means)


def _lower(sentence: str) -> str:
    sentence = sentence.rstrip(".")
    return sentence if sentence.startswith(("Okta", "Genesys")) else sentence[:1].lower() + sentence[1:]


def _hold(entity: str, hold: Record, memory: Memory, sides: Sides | None) -> dict[str, Any]:
    staged = memory.staged.get(entity, [])
    reason = str(hold.get("reason", ""))
    return {
        "entity": entity,
        "name": name_of(entity, sides, memory),
        "number": int(hold["number"]),
        "revision": int(hold["revision"]),
        "state": str(hold["state"]),
        "reason": reason,
        "means": text_of(reason).means,
        "explanation": in_words(str(hold.get("explanation", ""))),
        "staged": int(hold.get("staged", len(staged))),
        "people": _people(staged[:_NAMED], sides),
        "opened": str(hold.get("opened", "")),
    }


def _parked(record: Record, sides: Sides | None) -> dict[str, Any]:
    reason, entity = str(record.get("reason", "")), str(record["entity"])
    text = text_of(reason)
    return {
        "entity": entity,
        "name": name_of(entity, sides, Memory()),
        "reason": reason,
        "means": text.means,
        "first": text.first,
        "detail": str(record.get("detail", "")),
        "at": str(record.get("parked", "")),
    }


def _unlinked(entity: str, why: str, sides: Sides | None, memory: Memory) -> dict[str, str]:
    text = text_of(why)
    name = name_of(entity, sides, memory)
    return {"entity": entity, "name": name, "why": why, "means": text.means, "first": text.first}


def _people(user_ids: Iterable[str], sides: Sides | None) -> list[dict[str, str]]:
    return [{"id": each, "name": name_of(f"user:{each}", sides, Memory())} for each in user_ids]


# -------------------------------------------------------------------------------------------------- sides


def group_line(group: Group, memory: Memory) -> dict[str, Any]:
    """A group as one line: Okta, what is on its way, Genesys Cloud."""
    entity = f"group:{group.id}"
    link = memory.groups.get(group.id, {})
    linked = group.genesys is not None
    way = [*_waiting(memory.waiting.get(entity, ())), *_kept(entity, memory)]
    if not linked and link.get("linked_by") == UNLINKED_BY_OPERATOR:
        way.append("kept out by an operator")
    elif not linked and link.get("why"):
        way.append(f"not linked: {_lower(text_of(str(link['why'])).means)}")
    extra = group.extra - set(memory.exceptions.get(entity, ()))
    missing, free = len(group.missing), len(extra - set(memory.staged.get(entity, ())))
    return {
        "id": group.id,
        "entity": entity,
        "name": group.name,
        "okta": None if group.okta is None else {"members": group.members, "entitled": len(group.okta)},
        "way": way,
        "genesys": {"name": group.genesys_name, "members": len(group.genesys or ()) + group.strangers}
        if linked
        else None,
        "missing": missing if linked else 0,
        "extra": free if linked else 0,
        "linked": linked,
        "open": not linked and link.get("linked_by") != UNLINKED_BY_OPERATOR,
        "differs": linked and bool(missing or extra),
    }


def members(group: Group, memory: Memory, sides: Sides) -> list[dict[str, Any]]:
    """Who is a member on one side or both, those first who differ."""
    entity = f"group:{group.id}"
    held, kept = set(memory.staged.get(entity, ())), set(memory.exceptions.get(entity, ()))
    found = []
    for user_id in (group.okta or frozenset()) | (group.genesys or frozenset()):
        way = "held" if user_id in held else "kept by a rejected hold" if user_id in kept else ""
        found.append(
            {
                "id": user_id,
                "name": name_of(f"user:{user_id}", sides, memory),
                "okta": user_id in (group.okta or ()),
                "genesys": user_id in (group.genesys or ()),
                "way": way,
            }
        )
    found.sort(key=lambda each: (each["okta"] == each["genesys"], str(each["name"]).casefold(), str(each["id"])))
    return found[:SHOWN]


def person_line(person: Person, memory: Memory) -> dict[str, Any]:
    """A person as one line."""
    entity = f"user:{person.id}"
    parked = [str(each["reason"]) for each in memory.parked if each["entity"] == entity and not each.get("discarded")]
    way = [*_waiting(memory.waiting.get(entity, ())), *(f"parked: {reason}" for reason in parked)]
    if person.id in memory.staged.get("app", ()):
        way.append("held: a deactivation waits for a person")
    return {
        "id": person.id,
        "entity": entity,
        "name": person.name,
        "login": person.login,
        "status": person.status,
        "assigned": person.assigned,
        "account": person.account,
        "genesys_id": person.genesys_id,
        "way": way,
        "differs": list(person.differs),
        "fields": [
            {"name": name, "okta": wanted, "genesys": held, "same": name not in person.differs}
            for name, (wanted, held) in person.fields.items()
        ],
    }


def people(sides: Sides, memory: Memory, wanted: str) -> dict[str, Any]:
    """The people whom the page lists: those who are looked for, else those who differ; and how many there are."""
    differ = [each for each in sides.people.values() if each.differs]
    found = sides.find(wanted) if wanted else differ
    found.sort(key=lambda each: (not each.differs, each.name.casefold(), each.id))
    return {
        "total": len(sides.people),
        "differ": len(differ),
        "found": len(found),
        "shown": [person_line(each, memory) for each in found[:SHOWN]],
    }


def _waiting(messages: Iterable[Message]) -> Iterator[str]:
    by_queue: dict[str, int] = {}
    for message in messages:
        by_queue[message.queue] = max(by_queue.get(message.queue, 0), message.receives)
    for queue, receives in by_queue.items():
        if queue.startswith("DeadLetters"):
            yield "given up: a dead letter"
        elif receives > 1:
            yield f"tries again ({receives} tries)"
        else:
            yield "being synced" if receives else "in the queue"


def _kept(entity: str, memory: Memory) -> Iterator[str]:
    hold = memory.holds.get(entity)
    if hold is not None:
        word = "approved: being removed" if hold["state"] == "approved" else "held: wait for a person"
        yield f"{int(hold.get('staged', 0))} {word}"
    if kept := memory.exceptions.get(entity):
        yield f"{len(kept)} kept by a rejected hold"
