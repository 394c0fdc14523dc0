"""The credentials of another Genesys Cloud organisation: nothing is written there, and nobody is taken for gone."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from bridge.provisioning.organisation import ANOTHER, UPSTREAM
from bridge.provisioning.user_records import UserState
from bridge_local.exchange import Request, Response
from bridge_local.genesys.model import GenesysModel
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.transport import ModelTransport
from tests.stages.operations_stage import Stage
from tests.world import ORGANISATION, StubSecrets, World


class Organisations:
    """Several organisations behind one host: who asks is known by client id, then by token."""

    def __init__(self, **models: GenesysModel) -> None:
        """Models by client id."""
        self._models = models
        self._tokens: dict[str, GenesysModel] = {}

    def handle(self, request: Request) -> Response:
        """The answer of the client's organisation."""
        scheme, _, value = request.headers["authorization"].partition(" ")
        if scheme == "Bearer":
            return self._tokens[value].handle(request)
        model = self._models[base64.b64decode(value).decode().partition(":")[0]]
        answer = model.handle(request)
        self._tokens[json.loads(answer.body)["access_token"]] = model
        return answer


class Changing(StubSecrets):
    """A secret whose client becomes another one while it is used.

    Attributes:
        after: how often the client id is still read before; None for never.
    """

    after: int | None = None

    def get(self, key: str) -> str:
        """The value of a key."""
        if key == "genesys_client_id" and self.after is not None:
            self.after -= 1
            if self.after < 0:
                self.values["genesys_client_id"] = "other"
        return super().get(key)


def two_organisations(people: int = 8) -> tuple[World, GenesysModel, list[str]]:
    """A company with people in its organisation, another organisation without anybody, and the people."""
    world = World()
    world.secrets = Changing(**world.secrets.values)
    users = world.provisioned(people)
    switches = GenesysSwitches(token_per_minute=1_000_000, client_per_minute=None)
    other = GenesysModel(world.clock.now, world.rng, switches, client_id="other", client_secret="client-secret")
    transport = ModelTransport(cast("Any", Organisations(client=world.genesys, other=other)))
    made = world.dependencies
    world.dependencies = lambda settings: made(settings).replace(genesys_transport=transport)  # type: ignore[method-assign] # two organisations in place of one
    world.restart()
    world.happen()
    return world, other, users


def changes(world: World, users: list[str]) -> str:
    """A change, a leaver and somebody new, whose id it gives."""
    world.okta.update_profile(users[0], {"title": "Adviser"})
    world.okta.deactivate(users[1])
    new = world.person("Ada Brook")
    world.deliver(each=True)
    return new


def written(model: GenesysModel) -> list[str]:
    """The writes that an organisation has had."""
    return [f"{call.method} {call.path}" for call in model.calls if call.method != "GET" and "/scim/" in call.path]


@pytest.mark.parametrize("new_process", [False, True])
def test_in_another_organisation_nothing_is_written_and_nobody_is_gone(
    new_process: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything waits, with an alarm of its own, at hardly any calls; with the right credentials all goes on."""
    world, other, users = two_organisations()
    world.secrets.values["genesys_client_id"] = "other"
    if new_process:
        world.restart()
    new = changes(world, users)
    world.reconcile()
    world.pass_time(hours=3)
    assert written(other) == []
    assert other.users() == []
    assert len(other.calls) < 3 * 3600 // 45 * 6
    assert {link.state for link in world.store.user_links.values() if link.okta_id != new} == {UserState.LINKED}
    assert not world.store.parked
    assert (world.store.breaker(UPSTREAM).open, world.store.breaker(UPSTREAM).why) == (True, ANOTHER)
    assert "AnotherOrganisation" in capsys.readouterr().out
    world.secrets.values["genesys_client_id"] = "client"
    world.pass_time(hours=0.25)
    assert written(other) == []
    assert world.account(users[0])["title"] == "Adviser"
    assert world.account(users[1])["active"] is False
    assert world.account(new)["active"] is True
    assert not world.store.breaker(UPSTREAM).open


@pytest.mark.parametrize("new_process", [False, True])
@pytest.mark.parametrize("reads", range(20))
def test_credentials_that_change_in_the_middle_of_a_sync_write_nothing_elsewhere(reads: int, new_process: bool) -> None:
    """Whichever call is the first of the other client, the sync ends before it, and the guard comes before the next."""
    world, other, users = two_organisations()
    if new_process:
        world.restart()
    cast("Changing", world.secrets).after = reads
    changes(world, users)
    for user in users:
        world.ask(f"user:{user}")
    world.pass_time(hours=0.5)
    assert world.secrets.values["genesys_client_id"] == "other"
    assert written(other) == []


def test_another_client_of_the_same_organisation_goes_on() -> None:
    """One of the known accounts is there: confirmed without anybody's word, at the cost of one read."""
    world = World()
    users = world.provisioned(8)
    world.secrets.values["genesys_client_id"] = world.genesys.tokens.client_id = "second"
    world.okta.update_profile(users[0], {"title": "Adviser"})
    world.happen()
    assert world.account(users[0])["title"] == "Adviser"
    assert world.store.app().organisation == ORGANISATION.replace("client", "second", 1)
    reads = [call for call in world.genesys.calls if call.method == "GET" and "/users/" in call.path]
    assert len(reads) <= 2


def test_on_the_first_day_there_is_nothing_to_mix_up() -> None:
    """Nobody is known: the first credentials count as confirmed."""
    world = World(bootstrapped=False)
    ada = world.person("Ada Brook")
    world.happen()
    assert world.account(ada)["active"] is True
    assert world.store.app().organisation == ORGANISATION


def test_a_company_of_an_older_release_is_confirmed_by_its_accounts() -> None:
    """No organisation was ever remembered: the known accounts are there, and work goes on."""
    world = World()
    users = world.provisioned(3)
    world.store.confirm_organisation("")
    world.okta.update_profile(users[0], {"title": "Adviser"})
    world.happen()
    assert world.account(users[0])["title"] == "Adviser"
    assert world.store.app().organisation == ORGANISATION


def test_other_accounts_are_read_until_one_is_found() -> None:
    """Most known accounts were deleted by hand, and the client is new: sooner or later one is drawn that is there."""
    world = World()
    users = world.provisioned(20)
    for user in users[:-1]:
        world.genesys.delete_user(world.store.user_links[user].genesys_id)
    world.secrets.values["genesys_client_id"] = world.genesys.tokens.client_id = "second"
    world.ask(f"user:{users[-1]}")
    world.pass_time(hours=4)
    assert world.queues.depth() == 0
    assert world.store.app().organisation == ORGANISATION.replace("client", "second", 1)


def test_an_operator_says_that_the_new_organisation_is_right() -> None:
    """Journalled; syncs go on within seconds, and everybody gets an account there."""
    world, other, users = two_organisations(3)
    world.secrets.values["genesys_client_id"] = "other"
    new = changes(world, users)
    world.pass_time(hours=1)
    stage = Stage(world=world)
    stage.secrets.values["genesys_client_id"] = "other"
    breakers = {each["upstream"]: (each["state"], each["why"]) for each in stage.ask("status")["breakers"]}
    assert breakers[UPSTREAM] == ("open", ANOTHER)
    match = stage.ask("explain", entity=f"user:{users[0]}")["steps"][3]
    assert (match["state"], match["says"].startswith(f"{ANOTHER}: The credentials show none")) == ("failed", True)
    confirmed = ORGANISATION.replace("client", "other", 1)
    answer = stage.ask("confirm", what="organisation")
    assert (answer["confirmed"], answer["before"]) == (confirmed, ORGANISATION)
    entry = world.last("app")
    assert (entry.outcome, entry.why, entry.read) == (
        "confirmed",
        "organisation",
        {"is": confirmed, "was": ORGANISATION},
    )
    world.pass_time(hours=0.25)
    assert not world.store.breaker(UPSTREAM).open
    assert {user["externalId"] for user in other.users()} == {users[0], new}
