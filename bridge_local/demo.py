"""``make demo``: the main job on the embedded stack, proved."""

from __future__ import annotations

import json
import random
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from bridge_local.genesys import GenesysModel
from bridge_local.hook_calls import deliver
from bridge_local.okta import UNLIMITED, OktaModel, OktaSwitches
from bridge_local.options import Options, whole
from bridge_local.proof import differences, kept
from bridge_local.scenario import EVENT_TYPES, LINKED_GROUPS, Company
from bridge_local.stack import Stack

#: How many people are hired at once; a few more come singly.
PEOPLE = 150
#: Seconds that a phase may take.
_PATIENCE = 150
#: Seconds between two checks of whether all is quiet, and how many quiet ones make an end.
_PAUSE = 0.75
_QUIET = 2
#: Differences that are shown.
_SHOWN = 20

Say = Callable[[str], None]


class CountingPost:
    """Delivers, and counts what is delivered."""

    def __init__(self) -> None:
        self.deliveries = 0
        self.events: Counter[str] = Counter()

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        """POST a delivery; its status."""
        self.deliveries += 1
        self.events.update(str(event["uuid"]) for event in json.loads(body)["data"]["events"])
        return deliver(url, headers, body, timeout)


def main(variables: Mapping[str, str], say: Say) -> int:
    """Run the story; 0 when Genesys Cloud equals Okta, 1 when a single user or member differs.

    Args:
        variables: the environment: SEED repeats a run, every setting of the functions is heard.
        say: takes a line for people.
    """
    started = time.monotonic()
    seed = whole(variables, "SEED", secrets.randbelow(1_000_000), 0, 10**9)
    say(f"Seed {seed} (SEED={seed} make demo repeats this run)")
    post = CountingPost()
    switches = OktaSwitches(
        rate_limits=UNLIMITED,
        hook_window=0.4,
        hook_max_batch=1000,
        hook_duplicate=0.05,
        hook_disorder=0.5,
        hook_delay=0.05,
        hook_delay_seconds=3.0,
    )
    given = {name: value for name, value in variables.items() if name not in {"OKTA_ORG_URL", "STATE_DIR"}}
    options = Options(port=free_ports(4), variables={"LINKED_GROUPS": LINKED_GROUPS, **given})
    with Stack(options, seed=seed, okta_switches=switches, post=post) as stack:
        okta, genesys = stack.okta, stack.genesys
        if okta is None or genesys is None:
            raise RuntimeError("the demo needs both simulators")
        company = Company(okta, genesys, random.Random(seed))  # noqa: S311 - a story
        say(f"The stack stands ({_since(started)}). Okta hires {PEOPLE} people and more into 5 linked groups.")
        company.hire(PEOPLE)
        settle(stack, say)
        say(f"All are there ({_since(started)}). Okta changes, suspends, moves, unassigns, deactivates, deletes.")
        for step in company.changes():
            step()
            time.sleep(0.02)  # so that syncs meet the changes half done
        settle(stack, say)
        _account(stack, okta, genesys, post, say)
        missing = sorted(EVENT_TYPES - {entry.event_type for entry in okta.log.all()})
        wrong = [f"the story has no {event_type}" for event_type in missing]
        wrong += [f"parked: {each['entity']} ({each['reason']})" for each in stack.console.parked()]
        wrong += differences(okta, genesys, company.story)
        staged = {
            key.rpartition("#")[2] for each in stack.console.records() if (key := each["sk"]).startswith("staged#")
        }
        held = kept(okta, genesys, company.story, frozenset(staged))
        named = {okta.groups.current[group].name: count for group, count in held.items()}
        return verdict(wrong, named, started, say)


def settle(stack: Stack, say: Say, patience: float = _PATIENCE) -> None:
    """Wait until every delivery is made and every queue is empty.

    Raises:
        TimeoutError: it takes too long.
    """
    started = time.monotonic()
    told, quiet = started, 0
    while quiet < _QUIET:
        time.sleep(_PAUSE)
        waiting = sum(sum(depth.values()) for queue, depth in stack.depths().items() if queue != "DeadLettersQueue")
        idle = not waiting and stack.dispatcher is not None and stack.dispatcher.next_due() is None
        quiet = quiet + 1 if idle else 0
        if time.monotonic() > started + patience:
            raise TimeoutError(f"{waiting} items are still in the queues after {patience:g} s")
        if time.monotonic() > told + 3:
            told = time.monotonic()
            users = len(stack.genesys.users()) if stack.genesys is not None else 0
            say(f"  {_since(started)}: {users} users in Genesys Cloud, {waiting} items in the queues")


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on."""
    for _ in range(100):
        first = 20_000 + secrets.randbelow(30_000)
        if all(_is_free(first + offset) for offset in range(count)):
            return first
    raise OSError("no free ports on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _account(stack: Stack, okta: OktaModel, genesys: GenesysModel, post: CountingPost, say: Say) -> None:
    calls = [call for call in genesys.calls if call.status]
    patched = [call for call in calls if call.method == "PATCH" and call.route == "users/{id}" and call.changed]
    deactivated = [call for call in patched if _sets_active(call.body, value=False)]
    created = sum(call.method == "POST" and call.route == "users" and call.changed for call in calls)
    twice = sum(post.events.values()) - len(post.events)
    kinds = Counter(f"{call.method} {call.route}" for call in calls)
    say("What happened:")
    say(f"  Okta: {len(okta.log.all())} events, {len(post.events)} of them to the hook in {post.deliveries} deliveries")
    say(f"  came twice and cost nothing: {twice} events")
    say(f"  users created {created}, updated {len(patched) - len(deactivated)}, deactivated {len(deactivated)}")
    added, removed = (sum(len(getattr(call, name)) for call in calls) for name in ("added", "removed"))
    say(f"  members added {added}, removed {removed}")
    say("  Genesys Cloud calls: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    for hold in stack.console.holds():
        if hold["state"] in {"opening", "open"}:
            say(f"  held for a person: {hold['staged']} removals from {hold['entity']} ({hold['reason']})")


def _sets_active(body: Any, *, value: bool) -> bool:
    operations = body.get("Operations", []) if isinstance(body, dict) else []
    return any(operation.get("path") == "active" and operation.get("value") is value for operation in operations)


def verdict(wrong: list[str], held: Mapping[str, int], started: float, say: Say) -> int:
    """Say what differs; the exit status.

    Args:
        wrong: differences that nothing explains.
        held: group name -> how many are still members there because their removal waits for a person.
        started: when the demo began.
        say: takes a line for people.
    """
    if wrong:
        say(f"{len(wrong)} differences:")
        for line in wrong[:_SHOWN]:
            say(f"  {line}")
        return 1
    waiting = "".join(f", except the {count} who are held in {name}" for name, count in held.items())
    say(f"Genesys Cloud equals Okta: every user, field by field, and every member{waiting} ({_since(started)}).")
    say("Try next:")
    say("  make local                                     # the same stack, kept running: http://127.0.0.1:8080/")
    say("  ./bridge play scene held-group --local         # beside it: a group is emptied; the console asks you")
    return 0


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.0f} s"
