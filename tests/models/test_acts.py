"""What a person plays on the local stack: each act is what an administrator of Okta does, with its events."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from bridge_cli import play as cli
from bridge_local.acts import ACTS, BREAKS, ActRefused, Acts
from bridge_local.exchange import Request
from bridge_local.genesys import GenesysModel
from bridge_local.okta.records import User
from tests.models.okta_org import Clock, Context

ADA = "ada.brook@example.com"


class Stage:
    """An org with a person and a group, and a Genesys Cloud organisation."""

    def __init__(self) -> None:
        self.context = Context()
        self.okta = self.context.model
        self.genesys = GenesysModel(Clock(), random.Random(1))  # noqa: S311 - repeatable on purpose
        self.acts = Acts(self.okta, self.genesys)
        self.ada = self.context.user(ADA)
        self.group = self.okta.create_group("Night Shift")
        self.okta.assign_user(self.ada)

    @property
    def person(self) -> User:
        """Ada as Okta has her."""
        return self.okta.users.current[self.ada]

    def newest(self) -> str:
        """The type of the newest event."""
        return self.okta.log.all()[-1].event_type


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        (["hire"], lambda stage: len(stage.okta.assignments[stage.okta.app_id].current) == 2),
        (["unassign", ADA], lambda stage: stage.newest() == "application.user_membership.remove"),
        (["rename", "Ada Brook", "Ada", "Lake"], lambda stage: stage.person.display_name == "Ada Lake"),
        (["title", ADA, "Team", "Lead"], lambda stage: stage.person.profile["title"] == "Team Lead"),
        (["phone", ADA, "+14125550199"], lambda stage: stage.newest() == "user.account.update_profile"),
        (["suspend", ADA], lambda stage: stage.person.status == "SUSPENDED"),
        (["deactivate", ADA], lambda stage: stage.newest() == "user.lifecycle.deactivate"),
        (["delete", ADA], lambda stage: stage.ada not in stage.okta.users.current),
        (["join", ADA, "night", "shift"], lambda stage: stage.okta.members(stage.group) == {stage.ada}),
    ],
)  # fmt: skip
def test_an_act_is_what_an_administrator_does(line: list[str], holds: Callable[[Stage], bool]) -> None:
    """In the words of a command, by id, login or name; what is said names nobody."""
    stage = Stage()
    says = stage.acts.act_in_words(line[0], line[1:], None)
    assert holds(stage)
    assert "Okta" in says
    assert "Brook" not in says
    assert "ada" not in says


def test_a_group_is_emptied_and_a_rule_fills_it() -> None:
    """A rule takes who is there already, makes the rest, and adds all of them at once."""
    stage = Stage()
    stage.acts.act("rule", {"group": "Night Shift", "count": 30})
    assert len(stage.okta.members(stage.group)) == 30
    assert stage.ada in stage.okta.members(stage.group)
    added = [each for each in stage.okta.log.all() if each.event_type == "group.user_membership.add"]
    assert len({each.transaction.id for each in added}) == 1
    stage.acts.act("leave", {"user": ADA, "group": stage.group})
    stage.acts.act("empty", {"group": stage.group})
    assert stage.okta.members(stage.group) == frozenset()
    stage.acts.act("suspend", {"user": ADA})
    stage.acts.act("unsuspend", {"user": ADA})
    stage.acts.act("deactivate", {"user": ADA})
    stage.acts.act("activate", {"user": ADA})
    stage.acts.act("assign", {"user": ADA})
    assert stage.ada in stage.okta.assignments[stage.okta.app_id].current


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("suspend", {}, "user: expected"),
        ("suspend", {"user": "nobody"}, "user: expected the id or name of a person; nobody"),
        ("suspend", {"user": ["Ada"]}, "user: expected a text"),
        ("join", {"user": ADA, "group": "None"}, "group: expected"),
        ("leave", {"user": ADA, "group": "Night Shift"}, "user: is no member"),
        ("empty", {"group": "Night Shift"}, "group: nobody"),
        ("empty", {"group": "Everyone"}, "Okta refuses"),
        ("unsuspend", {"user": ADA}, "Okta refuses"),
        ("rule", {"group": "Night Shift", "count": 0}, "count: expected a whole number"),
        ("rule", {"group": "Night Shift", "count": "many"}, "count: expected"),
        ("title", {"user": ADA, "value": "  "}, "value: expected"),
    ],
)
def test_a_refusal_names_the_field(name: str, fields: dict[str, Any], says: str) -> None:
    """And nothing has happened in Okta."""
    stage = Stage()
    before = len(stage.okta.log.all())
    with pytest.raises(ActRefused, match=says):
        stage.acts.act(name, fields)
    assert len(stage.okta.log.all()) == before


@pytest.mark.parametrize("words", [["fly"], ["suspend"], ["title", ADA], ["hire", "three"]])
def test_words_that_fit_no_act_are_refused(words: list[str]) -> None:
    """With the acts that there are, or an example."""
    with pytest.raises(ActRefused, match="expected"):
        Stage().acts.act_in_words(words[0], words[1:], None)


def test_two_of_a_name_are_nobody() -> None:
    """A name that two people bear is refused; a login is not."""
    stage = Stage()
    stage.context.user("another@example.com")
    with pytest.raises(ActRefused, match="2 are called so"):
        stage.acts.act("suspend", {"user": "Ada Brook"})
    stage.acts.act("suspend", {"user": ADA})


@pytest.mark.parametrize("how", ["down", "limited", "slow", "lies"])
def test_a_server_is_broken_and_mended(how: str) -> None:
    """Each server answers as is said, until it is mended; a second way takes the place of the first."""
    stage = Stage()
    url = f"/api/v1/groups/{stage.group}/users"
    stage.context.user("another@example.com")
    stage.okta.add_members(stage.group, sorted(stage.okta.users.current))
    well = stage.context.get(url)
    stage.acts.break_("okta", "down")
    stage.acts.break_("genesys", how)
    says = stage.acts.break_("okta", how)
    assert BREAKS[how] in says
    assert stage.acts.broken() == {"okta": how, "genesys": how}
    broken = stage.context.get(url)
    wrong = {
        "down": broken.status == 503,
        "limited": broken.status == 429,
        "slow": broken.delay >= 2,
        "lies": len(broken.body) < len(well.body),
    }
    assert wrong == {name: name == how for name in wrong} or how in {"down", "limited"}
    assert wrong[how]
    token = stage.genesys.handle(Request.of("POST", "/oauth/token"))
    assert (token.status, token.delay >= 2) == {"down": (503, False), "limited": (400, False)}.get(
        how, (token.status, how == "slow")
    )
    stage.acts.mend()
    assert stage.acts.broken() == {}
    mended = stage.context.get(url)
    assert (mended.status, mended.delay, mended.body) == (200, 0, well.body)


def test_genesys_cloud_refuses_an_attribute_until_it_is_mended() -> None:
    """A change of a title is refused, over HTTP as the bridge would send it."""
    stage = Stage()
    pair = base64.b64encode(b"genesys-client:genesys-secret").decode()
    form = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
    grant = b"grant_type=client_credentials"
    token = json.loads(stage.genesys.handle(Request.of("POST", "/oauth/token", form, grant)).body)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"userName": ADA, "displayName": "Ada", "title": "Agent"}).encode()
    asked = Request.of("POST", "/api/v2/scim/v2/users", headers, body)
    stage.acts.break_("genesys", "refuses")
    assert stage.acts.broken() == {"genesys": "refuses"}
    assert stage.genesys.handle(asked).status == 400
    stage.acts.mend("genesys")
    assert stage.genesys.handle(asked).status == 201


@pytest.mark.parametrize(("server", "how"), [("okta", "refuses"), ("okta", "explode"), ("aws", "down")])
def test_a_way_that_there_is_not_is_refused(server: str, how: str) -> None:
    """The message names the field."""
    with pytest.raises(ActRefused, match="expected one of"):
        Stage().acts.break_(server, how)


def test_the_command_knows_the_same_acts() -> None:
    """The command line is installed without the local stack, so it has a list of its own."""
    assert tuple(ACTS) == cli.ACTS
    assert tuple(BREAKS) == cli.BREAKS
