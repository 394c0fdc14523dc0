"""Nothing personal and no secret stays behind: ids only, in records, items, journal, logs and metrics (promise P9)."""

from __future__ import annotations

import json

import pytest

from bridge.items import Queue
from bridge_local.faults import Fault, html, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults
from tests.world import HOOK_SECRET, World

#: Everything that must not be found, as parts: a name in an address is one too.
FORBIDDEN = (
    "Wilhelmina",
    "Zoë",
    "Quimby",
    "Fairweather",
    "wilhelmina",
    "quimby",
    "example.com",
    "example.org",
    "5550100",
    "23456789",
    "Under-Secretary",
    "Clandestine",
    "E-4711",
    "okta-token",
    "client-secret",
    HOOK_SECRET,
    "Made-up-Passw0rd",
    "Bearer",
    "kkkkkkkk",
)


def test_nothing_personal_and_no_secret_stays_behind(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """After a day with creations, conflicts, refusals, faults and holds, no trace has more than ids."""
    world = World({"SYNC_PASSWORD": "random"})
    people = [
        world.person(f"Wilhelmina{number} Fairweather", title="Under-Secretary", department="Clandestine")
        for number in range(28)
    ]
    odd = world.okta.create_user({"login": "quimby", "firstName": "Zoë", "lastName": "Quimby"})
    world.okta.assign_user(odd)
    world.genesys.add_user({"userName": "quimby@example.org", "displayName": "Quimby"})
    world.genesys.add_user({"userName": "wilhelmina1.fairweather@example.com", "displayName": "Wilhelmina"})
    world.linked_group("Agents", people)
    sent: list[str] = [message.body for queue in world.queues.queues.values() for message in queue.messages]
    for rule in (
        Fault("/scim/", genesys_faults.refused(400), count=2),
        Fault("PATCH", genesys_faults.version_conflict(), count=2),
        Fault("PATCH", lost(), count=2),
        Fault("/scim/", genesys_faults.rate_limited(30), count=2),
        Fault("/scim/", genesys_faults.refused(403), count=1),
    ):
        world.genesys.faults.add(rule)
    world.okta.faults.rules += [
        Fault("/users/", html(), count=2),
        Fault("/users/", okta_faults.refused(403), count=2),
    ]
    world.okta.update_profile(people[0], {"email": "quimby@example.org", "employeeNumber": "E-4711"})
    world.okta.update_profile(people[1], {"primaryPhone": "+1 317 5550100", "mobilePhone": "none of 23456789"})
    world.okta.suspend(people[2])
    for user in people[3:]:
        world.okta.unassign_user(user)
    world.deliver()
    for queue in Queue:
        sent += [message.body for message in world.queues.queues[queue].messages]
    world.settle()
    for user in people:  # what is asked for leaves a record of being done
        world.ask(f"user:{user}")
    world.settle()
    captured = capsys.readouterr()
    left = {
        "records": repr(vars(world.store)),
        "answers": json.dumps([vars(record) for record in world.idempotency.records.values()], default=str),
        "items": "\n".join(sent),
        "output": captured.out + captured.err,
        "logs": caplog.text + repr([vars(record) for record in caplog.records]),
    }
    assert {entry.outcome for entry in world.store.journal} >= {"created", "adopted", "updated", "held", "failed"}
    assert world.parked(f"user:{people[0]}") == ["user-name-taken"]
    assert all(len(text) > 1000 for text in left.values())
    found = {(place, word) for place, text in left.items() for word in FORBIDDEN if word in text}
    assert not found
