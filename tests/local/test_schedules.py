"""The local stack's schedules: those of the template, each by itself, and quicker."""

from __future__ import annotations

import contextlib
import http.client
import time
from datetime import UTC, datetime
from threading import Event
from typing import Any, cast
from urllib.parse import urlsplit

from bridge.aws.store.dynamo import DynamoStore
from bridge.provisioning.records import Due
from bridge_local.demo import free_ports
from bridge_local.functions import Function, Invoked
from bridge_local.okta import UNLIMITED, OktaSwitches
from bridge_local.options import Options
from bridge_local.schedules import Schedules, tick
from bridge_local.stack import Stack
from bridge_local.template import Template

PATIENCE = 60


def test_with_a_hook_that_loses_everything_a_user_comes_by_catch_up() -> None:
    """Not one delivery: the schedule has the log poller read the System Log, and the consumer does the rest."""
    switches = OktaSwitches(rate_limits=UNLIMITED, hook_drop=1.0)
    with Stack(Options(port=free_ports(4), catch_up_seconds=1), okta_switches=switches) as stack:
        assert stack.okta is not None
        assert stack.genesys is not None
        ada = stack.okta.create_user({"login": "ada@example.com", "firstName": "Ada", "lastName": "Brook"})
        stack.okta.assign_user(ada)
        end, pause = time.monotonic() + PATIENCE, Event()
        while not [user for user in stack.genesys.users() if user.get("externalId") == ada]:
            assert time.monotonic() < end, "not in time"
            pause.wait(0.2)
        assert stack.dispatcher is not None
        assert stack.dispatcher.counts["delivered"] == 0


def test_every_schedule_of_the_template_runs_by_itself() -> None:
    """What is due, the reconciler and the reminders: their functions are invoked with what the template says."""
    template = Template()
    schedules = {each.name: (each.function, each.seconds, each.event) for each in template.schedules}
    assert schedules == {
        "LogPollerTick": ("LogPoller", 300, ""),
        "LogPollerDue": ("LogPoller", 60, '{"do": "due"}'),
        "OperationsRemind": ("Operations", 3600, '{"do": "remind"}'),
        "ReconcileNightly": ("Reconciler", 86400, '{"do": "start"}'),
        "ReconcileTick": ("Reconciler", 300, '{"do": "continue"}'),
    }
    events: dict[str, list[Any]] = {}

    class Heard(Function):
        """A function that keeps what it is invoked with."""

        def invoke(self, event: Any, qualifier: str = "") -> Invoked:
            """Keep the event."""
            events.setdefault(self.name, []).append((event, qualifier))
            return Invoked({})

    functions = {name: cast("Any", Heard(name, dict, 1, cast("Any", None))) for name in template.invoked}
    running = Schedules(template.schedules, functions, speed=86_400 * 20)
    running.start()
    end, pause = time.monotonic() + PATIENCE, Event()
    kinds = {"LogPoller": {"aws.events", "due"}, "Operations": {"remind"}, "Reconciler": {"start", "continue"}}

    def asked() -> dict[str, set[str]]:
        return {name: {event.get("do", event.get("source")) for event, _ in told} for name, told in events.items()}

    while asked() != kinds:
        assert time.monotonic() < end, "not in time"
        pause.wait(0.01)
    running.stop()
    running.join()
    assert asked() == kinds


def test_what_is_due_is_synced_without_any_event() -> None:
    """A record whose time has come: the schedule sends its item, the consumer syncs, and the record is gone."""
    with Stack(Options(port=free_ports(4), catch_up_seconds=5)) as stack:
        store = DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"])
        store.note_due(Due("app", "test", datetime.now(UTC)))
        end, pause = time.monotonic() + PATIENCE, Event()
        while store.dues() or not store.entries("app", 1):
            assert time.monotonic() < end, "not in time"
            pause.wait(0.2)
        assert store.entries("app", 1)[0].reason == "follow-up"


def test_a_tick_is_what_eventbridge_sends() -> None:
    """A function that looks into its event finds the same names."""
    assert {"source", "detail-type", "time", "resources", "detail"} <= tick().keys()
    assert (tick()["source"], tick()["detail-type"]) == ("aws.events", "Scheduled Event")


def test_links_name_the_host_that_was_asked() -> None:
    """A container knows this machine by another name; the System Log's next link may be followed from there too."""
    with Stack(Options(port=free_ports(4))) as stack:
        address = urlsplit(stack.options.url(1))
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        with contextlib.closing(connection):
            token = {"Authorization": f"SSWS {stack.options.secret['okta_token']}"}
            connection.request("GET", "/api/v1/logs?sortOrder=ASCENDING", headers={"Host": "bridge.test:1", **token})
            answer = connection.getresponse()
            answer.read()
        assert "<http://bridge.test:1/api/v1/logs?" in answer.headers["Link"]
