"""The local stack's schedule: catch-up brings what no hook delivers, in a process of its own."""

from __future__ import annotations

import time
from threading import Event

from bridge_local.demo import free_ports
from bridge_local.okta import UNLIMITED, OktaSwitches
from bridge_local.options import Options
from bridge_local.scheduled import tick
from bridge_local.stack import Stack

PATIENCE = 60


def test_with_a_hook_that_loses_everything_a_user_comes_by_catch_up() -> None:
    """Not one delivery: the schedule's process reads the System Log, and the consumer does the rest."""
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


def test_a_tick_is_what_eventbridge_sends() -> None:
    """A function that looks into its event finds the same names."""
    assert {"source", "detail-type", "time", "resources", "detail"} <= tick().keys()
    assert (tick()["source"], tick()["detail-type"]) == ("aws.events", "Scheduled Event")
