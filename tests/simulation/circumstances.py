"""The circumstances of a run, drawn from its seed: the functions' settings, and how Okta and Genesys Cloud behave."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from bridge_local.exchange import Request
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.okta import OktaModel, OktaSwitches
from bridge_local.okta.event_types import TEXTS, is_hook_eligible
from tests.simulation.company import BY_NAME
from tests.world import HOOK_SECRET, HOOK_URL

_ELIGIBLE = [event_type for event_type in TEXTS if is_hook_eligible(event_type)]


def settings_drawn(chance: random.Random) -> dict[str, str]:
    """The functions' settings of a run: ceilings that a small company meets."""
    return {
        "LINKED_GROUPS": BY_NAME,
        "GROUP_REMOVAL_CEILING": str(chance.choice((1, 2, 3, 1000))),
        "GROUP_REMOVAL_CEILING_PERCENT": str(chance.choice((0, 50))),
        "INACTIVE_MEMBERS": chance.choice(("keep", "keep", "remove")),
        "MEMBERS_PER_REQUEST": str(chance.choice((1, 2, 50))),
    }


def genesys_switches_drawn(chance: random.Random) -> GenesysSwitches:
    """One of the ways in which Genesys Cloud may behave where its documentation leaves it open."""
    return GenesysSwitches(
        version_conflict=chance.choice(("400", "409", "412")),
        finds_inactive=chance.random() < 0.5,
        deleted_user_name=chance.choice(("restored-201", "restored-200", "new")),
        no_target=chance.choice(("400", "create")),
        search_lag=chance.choice((0.0, 0.0, 60.0)),
        patch_shows_members=chance.random() < 0.7,
        external_id_taken=chance.choice(("409", "400", "allowed")),
    )


def turn_okta_switches(switches: OktaSwitches, chance: random.Random) -> None:
    """How Okta reads, delivers and keeps time in this run."""
    switches.read_lag = chance.choice((0.0, 0.0, 3.0, 5.0))
    switches.read_lag_varies = True
    switches.clock_offset = chance.choice((0.0, -180.0, 7.0, 240.0))
    switches.hook_window = chance.choice((0.5, 10.0))
    switches.hook_max_batch = chance.choice((1, 3, 100))
    switches.hook_drop = chance.choice((0.0, 0.0, 0.1, 0.5))
    switches.hook_duplicate = chance.choice((0.0, 0.2))
    switches.hook_disorder = chance.choice((0.0, 0.5))
    switches.hook_delay = chance.choice((0.0, 0.2, 0.5))
    switches.hook_delay_seconds = 3_600.0
    switches.user_delete_removes = chance.random() < 0.5
    switches.group_delete_removes = chance.random() < 0.5


def register_hook(okta: OktaModel) -> None:
    """Register the bridge's event hook and have it verified."""
    headers = {"authorization": "SSWS okta-token", "content-type": "application/json"}
    scheme = {"type": "HEADER", "key": "Authorization", "value": HOOK_SECRET}
    document = {
        "name": "Bridge",
        "events": {"type": "EVENT_TYPE", "items": _ELIGIBLE},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": HOOK_URL, "authScheme": scheme}},
    }
    okta.set_challenge(lambda _url, sent, _timeout: (200, json.dumps({"verification": _challenge(sent)}).encode()))
    made = okta.handle(Request.of("POST", "/api/v1/eventHooks", headers, json.dumps(document).encode()))
    hook = json.loads(made.body)["id"]
    okta.handle(Request.of("POST", f"/api/v1/eventHooks/{hook}/lifecycle/verify", headers))


def _challenge(headers: Mapping[str, str]) -> str:
    return {name.lower(): value for name, value in headers.items()}["x-okta-verification-challenge"]
