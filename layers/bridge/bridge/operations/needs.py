"""What needs somebody: each problem by an id that stays, with the command that comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.errors import refuses_us
from bridge.items import format_time
from bridge.operations.bridge_answers import Status
from bridge.operations.reasons import text_of
from bridge.provisioning.organisation import UPSTREAM

#: So long catch-up may have read nothing before somebody is needed: as `CatchUpStoppedAlarm`.
BEHIND = timedelta(minutes=30)
#: What a check of the event hook found -> the first command, and what to say.
_HOOK = {
    "not-active": ("hook status", "No active event hook of Okta delivers here: changes come minutes later"),
    "unverified": ("hook verify", "Okta's event hook is not verified, so it delivers nothing: changes come late"),
    "types-missing": ("hook status", "Okta's event hook lacks event types: some changes come minutes later"),
}


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody.

    Attributes:
        problem: its id, such as ``holds-open``; the same in the status, in the console and in the runbook.
        command: the words after ``bridge``.
        says: for people.
    """

    problem: str
    command: str
    says: str


def needs(status: Status, now: datetime) -> list[Need]:
    """What needs somebody, what stops everything first."""
    return [*_of_everything(status, now), *_of_some(status)]


def _of_everything(status: Status, now: datetime) -> Iterator[Need]:
    if status.set_up is not None and not status.set_up.done:
        yield Need("not-set-up", "setup", "Not set up yet: the secret is not filled")
    for breaker in status.breakers or ():
        if breaker.state == "open":
            yield _of_breaker(breaker.upstream, breaker.why)
            if breaker.refused:
                yield _of_breaker(breaker.upstream, breaker.refused)
    if status.paused_everything:
        yield Need("queues-paused", "resume", f"The queues are paused{_since(status.stopped_since)}")
    if status.mode == "observe" and status.bootstrapped:
        yield Need(
            "observing", "check", "The bridge only observes, although it has enforced before; Mode=enforce ends it"
        )
    if status.app_status not in {None, "ACTIVE"}:
        yield Need("app-not-active", "check", f"The Okta application is {status.app_status}: deactivations wait")
    if status.hook in _HOOK:
        yield Need(f"hook-{status.hook}", *_HOOK[status.hook])
    if status.caught_up is not None and now - status.caught_up > BEHIND:
        minutes = (now - status.caught_up) // timedelta(minutes=1)
        yield Need("catch-up-behind", "check", f"Catch-up has read nothing of Okta's System Log for {minutes} minutes")
    if status.reconcile is not None and status.reconcile.state == "failed":
        yield Need("reconcile-failed", "reconcile --report", "The last comparison ended without being whole")
    elif status.reconcile_overdue:
        yield Need("reconcile-overdue", "reconcile", "A comparison of everything is overdue by its schedule")


def _of_breaker(upstream: str, why: str) -> Need:
    if upstream == UPSTREAM:
        says = "Another Genesys Cloud organisation? Correct the secret, or else"
        return Need("another-organisation", "confirm organisation", says)
    first = text_of(why).first[:-1]
    if refuses_us(why):
        name = {"okta": "Okta", "genesys": "Genesys Cloud"}.get(upstream, upstream)
        return Need(f"{upstream}-credentials", "check", f"{name} refuses the bridge's credentials ({why}): {first}")
    return Need(f"{upstream}-down", "check", f"Nobody calls {upstream} ({why}): {first}")


def _of_some(status: Status) -> Iterator[Need]:
    if status.holds_open:
        yield Need("holds-open", "holds list", "Holds wait for a decision")
    if status.parked:
        yield Need("parked", "parked list", "Items are parked")
    if status.excepted:
        kept = sum(status.excepted.values())
        says = f"Access that Okta has ended is kept by rejected holds ({kept})"
        yield Need("exceptions-kept", "holds list --all", says)
    dead = status.queues.get("dead-letters")
    if dead is not None and dead.waiting:
        yield Need("dead-letters", "check", f"SQS has given messages up ({dead.waiting}); see docs/runbook.md")
    by_restore = status.restored is not None and status.paused_since is None  # it ends by itself, and only so
    if status.paused_removals and not by_restore:
        since = _since(status.paused_since)
        yield Need("removals-paused", "resume removals", f"Removals are paused{since}")
    if status.not_linked:
        causes = ", ".join(f"{entity.removeprefix('group:')} {why}" for entity, why in [*status.not_linked.items()][:3])
        more = " and others" if len(status.not_linked) > 3 else ""  # noqa: PLR2004 - as many as are named
        yield Need("group-not-linked", "group list", f"Groups in scope are not linked ({causes}{more})")


def _since(at: datetime | None) -> str:
    return "" if at is None else f" since {format_time(at)[:16]} UTC"


def said_age(age: timedelta) -> str:
    """An age in words, of its two largest units."""
    minutes = max(0, int(age.total_seconds() // 60))
    units = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    said = [f"{number} {name}{'' if number == 1 else 's'}" for name, number in units if number]
    return " ".join(said[:2]) or "under a minute"
