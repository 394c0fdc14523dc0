"""Each scene of the local stack is seen: in the status, and by the metric that its alarm watches."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from bridge.aws.telemetry import Metric
from bridge.okta.events import HOOK_TYPES
from bridge.operations.bridge_answers import Status
from bridge.operations.needs import Need, needs
from bridge_cli.parser import build
from bridge_local.acts import Acts
from bridge_local.console.memory import Memory
from bridge_local.console.overview import document
from bridge_local.okta.records import ACTIVE, EventHook
from bridge_local.play import Play, Stagehand, scenes
from bridge_local.template import Template
from tests.stages.operations_stage import Stage
from tests.world import HOOK_URL

ALARMS = dict(Template().of_type("AWS::CloudWatch::Alarm"))


class Theatre:
    """A company in which nothing needs anybody, and the scenes that are played in it."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.world = world = self.stage.world
        now = world.clock.now()
        scheme = {"type": "HEADER", "key": "Authorization", "value": "hook"}
        world.okta.hooks["who1"] = EventHook(
            id="who1",
            name="Bridge",
            status=ACTIVE,
            verification="VERIFIED",
            created=now,
            last_updated=now,
            events=tuple(sorted(HOOK_TYPES)),
            channel={"type": "HTTP", "config": {"uri": HOOK_URL, "authScheme": scheme}},
        )
        world.poll()
        self.play = Play(
            Stagehand(world.okta, world.genesys, world.store, self.set_mode), Acts(world.okta, world.genesys)
        )

    def set_mode(self, mode: str) -> None:
        """Deploy with another mode."""
        self.world.variables["MODE"] = mode or "enforce"
        self.world.restart()

    def scene(self, name: str) -> None:
        """Play one, and let the bridge meet it."""
        assert self.play.invoke({"do": "scene", "name": name}).payload["ok"] is True
        self.pass_by()

    def pass_by(self) -> None:
        """Deliveries, a few minutes, a run of catch-up."""
        self.world.deliver()
        self.world.pass_time(hours=0.05)
        self.world.poll()

    def needs(self) -> list[Need]:
        """What the status names."""
        status = Status.model_validate(self.stage.ask("status"))
        return needs(status, self.world.clock.now())


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The last value of each metric."""
    documents: list[dict[str, Any]] = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')
    ]
    return {each.value: line[each.value][0] for line in documents for each in Metric if each.value in line}


@pytest.mark.parametrize("name", scenes())
def test_a_scene_is_named_and_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The status names its problem and command first, and its metric is emitted; before, neither."""
    theatre, scene = Theatre(), scenes()[name]
    theatre.pass_by()
    assert theatre.needs() == []
    assert not told(capsys).get(scene.metric)
    theatre.scene(name)
    first = theatre.needs()[0]
    assert (first.problem, first.command) == (scene.problem, scene.command)
    assert told(capsys)[scene.metric] > 0


@pytest.mark.parametrize("name", scenes())
def test_the_alarm_of_a_scene_watches_its_metric(name: str) -> None:
    """It stands in the template; one on a silence watches what is missing. The command is one that there is."""
    scene = scenes()[name]
    alarm = ALARMS[scene.alarm]
    assert alarm["MetricName"] == scene.metric or alarm["TreatMissingData"] == "breaching"
    assert scene.metric in set(Metric)
    build({}).parse_args([*scene.command.split(), "--local"])


@pytest.mark.parametrize("pair", [*permutations(scenes(), 2)], ids="+".join)
def test_two_scenes_at_once_are_both_named(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its problem and its metric; an upstream that is down has nobody refused meanwhile."""
    theatre = Theatre()
    capsys.readouterr()
    for name in pair:
        theatre.scene(name)
    named, metrics = {each.problem for each in theatre.needs()}, told(capsys)
    assert named >= {scenes()[name].problem for name in pair}
    emitted = pair[:1] if pair == ("genesys-down", "wrong-secret") else pair
    assert all(metrics[scenes()[name].metric] > 0 for name in emitted)


@pytest.mark.parametrize("pair", [*permutations(("genesys-down", "wrong-secret"))], ids="+".join)
def test_an_outage_hides_no_refused_secret(pair: tuple[str, str]) -> None:
    """Both are named while they last, probes or not; the console has a row for each, in its own words."""
    theatre = Theatre()
    for name in pair:
        theatre.scene(name)
    theatre.pass_by()
    status = Status.model_validate(theatre.stage.ask("status"))
    shown = document(Memory(), None, status, theatre.world.clock.now(), "--local")["needs"]
    assert [each["problem"] for each in shown] == ["genesys-down", "genesys-credentials"]
    assert [each["title"].partition(":")[0] for each in shown] == [
        "Genesys Cloud is down",
        "Genesys Cloud refuses the bridge's credentials",
    ]


def test_what_stops_everything_is_named_first() -> None:
    """A hold can wait for the outage to end."""
    theatre = Theatre()
    theatre.scene("held-group")
    theatre.scene("genesys-down")
    assert [each.problem for each in theatre.needs()] == ["genesys-down", "holds-open"]


def test_refused_credentials_are_no_outage() -> None:
    """Who reads it renews the secret, and waits for nobody."""
    theatre = Theatre()
    theatre.scene("wrong-secret")
    [need] = theatre.needs()
    assert need.problem == "genesys-credentials"
    assert need.says.startswith("Genesys Cloud refuses the bridge's credentials (genesys-token-401)")


def test_mending_ends_what_nobody_has_to_decide() -> None:
    """The server, the hook and the pause are well again, and the hold is still open."""
    theatre = Theatre()
    for name in ("held-group", "genesys-down", "hook-unverified", "paused", "observing"):
        theatre.scene(name)
    theatre.play.invoke({"do": "mend"})
    theatre.pass_by()
    theatre.world.pass_time(hours=1)
    theatre.world.poll()
    assert [each.problem for each in theatre.needs()] == ["holds-open"]


def test_mending_ends_an_outage_at_once() -> None:
    """The next scene is met as if none had been, and no wait for a probe is left."""
    theatre = Theatre()
    for name in ("wrong-secret", "genesys-down"):
        theatre.scene(name)
        theatre.play.invoke({"do": "mend"})
        assert theatre.needs() == []
    theatre.scene("genesys-down")
    assert [each.problem for each in theatre.needs()] == ["genesys-down"]


def test_an_unknown_scene_is_refused_with_those_that_there_are() -> None:
    """By name."""
    answer = Theatre().play.invoke({"do": "scene", "name": "flood"}).payload
    assert answer["ok"] is False
    assert "held-group, parked-people" in answer["error"]["message"]
