"""Routing skills and languages with proficiency, and external identifiers: what the map says is held, by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.items import Reason
from bridge.mapping.attribute_map import AttributeMap
from bridge.provisioning.elements import EXTERNAL_IDS, GENESYS_USER, LANGUAGES, SKILLS, identity, rated
from bridge.settings import UserNameSource
from bridge_local.faults import Fault, before, fields
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

ISSUER = 'https://idp.example/"saml"'


def skill(name: str) -> str:
    """The path of a skill with a proficiency."""
    return rated(SKILLS, name, 0)[0]


@pytest.fixture
def entries() -> list[dict[str, Any]]:
    """What the map says beyond the default one; a test may change it."""
    return [
        {"target": SKILLS, "from": "profile.skills", "format": "ratings"},
        {"target": LANGUAGES, "from": "profile.languages", "format": "ratings"},
        {"target": identity(ISSUER), "from": "profile.samlId"},
    ]


@pytest.fixture(autouse=True)
def _mapped(monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]) -> None:
    """The default map and `entries`."""

    def parsed(user_name: UserNameSource, default_region: str) -> AttributeMap:
        document = json.loads(AttributeMap.default_text())
        document["attributes"] += entries
        return AttributeMap.parse(json.dumps(document), user_name=user_name, default_region=default_region)

    monkeypatch.setattr("tests.world.attribute_map", parsed)


def company(**switches: Any) -> World:
    """A Genesys Cloud with five skills and two languages."""
    world = World(genesys_switches=GenesysSwitches(**switches))
    world.genesys.directory.skills |= {"Billing", "Sales", "okta.Care", "By hand", "IT"}
    world.genesys.directory.languages |= {"English", "Deutsch"}
    return world


def held(world: World, user: str, name: str = "routingSkills") -> dict[str, float]:
    """Name -> proficiency."""
    entries = world.account(user).get(GENESYS_USER, {}).get(name, ())
    return {each["name"]: each["proficiency"] for each in entries}


def by_hand(world: World, user: str, *skills: str) -> None:
    """Somebody gives skills in Genesys Cloud."""
    present = world.account(user).get(GENESYS_USER, {}).get("routingSkills", [])
    given = [*present, *({"name": name, "proficiency": 1.0} for name in skills)]
    world.genesys.edit_user(world.account(user)["id"], {GENESYS_USER: {"routingSkills": given}})


def test_a_new_account_has_the_skills_and_languages_of_the_profile() -> None:
    """A list or a text with commas; with a proficiency or without one."""
    world = company()
    user = world.hired(skills=["Billing:4.5", "Sales"], languages="English: 3, Deutsch:0")
    assert held(world, user) == {"Billing": 4.5, "Sales": 0.0}
    assert held(world, user, "routingLanguages") == {"English": 3.0, "Deutsch": 0.0}
    assert world.calls("PATCH") == 0
    calls = len(world.genesys.calls)
    world.change(user, skills=["Sales", "Billing:4.5"], languages="Deutsch:0,English:3.0")
    assert len(world.genesys.calls) == calls


def test_what_the_profile_says_next_takes_its_place() -> None:
    """One read and one PATCH, conditional on the version that was read."""
    world = company()
    user = world.hired(skills=["Billing:4.5", "Sales:1"])
    world.genesys.calls.clear()
    world.change(user, skills=["Billing:2", "IT:5"])
    assert held(world, user) == {"Billing": 2.0, "IT": 5.0}
    patches = [call for call in world.genesys.calls if call.method == "PATCH"]
    assert [call.method for call in world.genesys.calls] == ["GET", "PATCH"]
    assert patches[0].body["Operations"] == [
        {
            "op": "replace",
            "path": SKILLS,
            "value": [{"name": "Billing", "proficiency": 2.0}, {"name": "IT", "proficiency": 5.0}],
        }
    ]
    assert set(world.last(f"user:{user}").changed) == {skill("Billing"), skill("Sales"), skill("IT")}
    world.change(user, skills=[])
    assert held(world, user) == {}


def test_a_proficiency_that_is_none_takes_no_skill_away() -> None:
    """Billing stays as it was, the other skill is written, and the journal names the list."""
    world = company()
    user = world.hired(skills=["Billing:4.5", "Sales:1"])
    world.change(user, skills=["Billing:6", "Sales:2"])
    assert held(world, user) == {"Billing": 4.5, "Sales": 2.0}
    assert SKILLS in world.last(f"user:{user}").unmapped


def test_without_a_number_the_proficiency_is_genesys_clouds() -> None:
    """It stays as somebody has set it, and so it does when the number goes from the profile."""
    world = company()
    user = world.hired(skills=["Billing:4", "Sales"])
    by_hand(world, user)
    world.change(user, skills=["Billing", "Sales"])
    assert held(world, user) == {"Billing": 4.0, "Sales": 0.0}
    world.change(user, skills=["Billing:1", "Sales"])
    assert held(world, user) == {"Billing": 1.0, "Sales": 0.0}


def test_a_list_is_replaced_as_a_whole() -> None:
    """What somebody has given by hand goes with the next write, and when the account is compared."""
    world = company()
    user = world.hired(skills=["Billing"])
    by_hand(world, user, "By hand")
    world.change(user, skills=["Billing", "Sales"])
    assert set(held(world, user)) == {"Billing", "Sales"}
    by_hand(world, user, "By hand")
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    assert set(held(world, user)) == {"Billing", "Sales"}


def test_with_a_prefix_the_others_are_left_alone(entries: list[dict[str, Any]]) -> None:
    """Whatever is done; a name of the profile without the prefix is left out and named."""
    entries[0]["prefix"] = "okta."
    world = company()
    user = world.hired(skills=["okta.Care:2", "Sales"])
    assert held(world, user) == {"okta.Care": 2.0}
    assert world.last(f"user:{user}").unmapped == (SKILLS,)
    by_hand(world, user, "By hand")
    world.change(user, skills=["okta.Care:3"])
    assert held(world, user) == {"okta.Care": 3.0, "By hand": 1.0}
    world.change(user, skills=None)
    assert held(world, user) == {"By hand": 1.0}


def test_a_list_that_is_not_shown_keeps_what_others_gave(entries: list[dict[str, Any]]) -> None:
    """Genesys Cloud answers without its extension for a while: what is written takes nobody else's skill away."""
    entries[0]["prefix"] = "okta."
    world = company()
    user = world.hired()
    by_hand(world, user, "By hand")
    hides = world.genesys.faults.add(Fault("(GET|PATCH) .*/users/", fields({GENESYS_USER: None})))
    world.change(user, skills=["okta.Care:3"])
    assert held(world, user) == {"okta.Care": 3.0, "By hand": 1.0}
    world.genesys.faults.remove(hides)
    world.change(user, skills=["okta.Care:4"])
    assert held(world, user) == {"okta.Care": 4.0, "By hand": 1.0}


def test_nothing_in_the_profile_takes_nothing_away_that_others_gave() -> None:
    """Absence says nothing of skills that the bridge has not written."""
    world = company()
    user = world.hired()
    by_hand(world, user, "By hand")
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    assert held(world, user) == {"By hand": 1.0}


@pytest.mark.parametrize("names", ["fieldName", "nothing"])
@pytest.mark.parametrize("unknown", ["400", "ignored"])
def test_skills_that_do_not_exist_are_named_and_the_rest_is_sent(unknown: Any, names: Any) -> None:
    """Be the account made or changed, and be they refused, or accepted and not held."""
    world = company(unknown_skill=unknown, refusal_names=names)
    user = world.hired(skills=["Billing:1", "billing:2", "Sales:3"], languages=["Klingon:5", "English"], title="Agent")
    assert held(world, user) == {"Billing": 1.0, "Sales": 3.0}
    assert held(world, user, "routingLanguages") == {"English": 0.0}
    assert world.account(user)["title"] == "Agent"
    wrong = {skill("billing"), rated(LANGUAGES, "Klingon", 0)[0]}
    assert set(world.last(f"user:{user}").refused) == wrong
    world.change(user, skills=["Billing:2", "billing:2", "No such", "IT:1"], title="Lead")
    assert held(world, user) == {"Billing": 2.0, "IT": 1.0}
    assert world.account(user)["title"] == "Lead"
    assert world.last(f"user:{user}").refused == (rated(SKILLS, "No such", None)[0],)
    assert not world.store.parked
    calls = len(world.genesys.calls)
    world.change(user, nickName="Addie")
    assert len(world.genesys.calls) == calls


def test_many_skills_that_do_not_exist_park_nobody() -> None:
    """However many there are, and named by nothing: what else has changed arrives."""
    world = company(unknown_skill="400", refusal_names="nothing")
    user = world.hired()
    world.change(user, skills=[f"No such {number}" for number in range(40)], title="Lead", nickName="Addie")
    assert world.account(user)["title"] == "Lead"
    assert not world.store.parked
    assert len(world.last(f"user:{user}").refused) == 40


@pytest.mark.parametrize("form", ["400", "409", "412"])
def test_a_change_by_somebody_else_meanwhile_is_not_written_over(form: Any, entries: list[dict[str, Any]]) -> None:
    """The version has moved between the read and the PATCH: read again, and what they gave stays."""
    entries[0]["prefix"] = "okta."
    world = company(version_conflict=form)
    user = world.hired()
    meddling = world.genesys.faults.add(Fault("^PATCH ", before(lambda: by_hand(world, user, "By hand")), count=1))
    world.change(user, skills=["okta.Care:2"])
    assert meddling.met
    assert held(world, user) == {"okta.Care": 2.0, "By hand": 1.0}


def test_a_night_mends_skills_that_somebody_has_changed_by_hand() -> None:
    """The listing shows them where the map has them; a second night finds nothing."""
    world = company()
    user = world.hired(skills=["Billing:4", "Sales"])
    world.genesys.edit_user(world.account(user)["id"], {GENESYS_USER: {"routingSkills": [{"name": "Sales"}]}})
    world.clock.advance(86_400)
    world.reconcile_whole()
    assert held(world, user) == {"Billing": 4.0, "Sales": 0.0}
    world.genesys.calls.clear()
    world.clock.advance(86_400)
    world.reconcile_whole()
    assert world.calls("PATCH") == 0
    assert world.calls("GET", "/users/") == 0


def test_external_identifiers_are_kept_by_authority() -> None:
    """For sign-in without an e-mail address; others' authorities are left alone."""
    world = company()
    user = world.hired(samlId="a-1")
    path = EXTERNAL_IDS.rpartition(":")[2]

    def shown() -> dict[str, str]:
        return {each["authority"]: each["value"] for each in world.account(user)[GENESYS_USER][path]}

    assert shown()[ISSUER] == "a-1"
    account = world.account(user)
    mine = {"authority": "teams", "value": "t"}
    world.genesys.edit_user(account["id"], {GENESYS_USER: {path: [*account[GENESYS_USER][path], mine]}})
    world.change(user, samlId="a-2")
    assert (shown()[ISSUER], shown()["teams"]) == ("a-2", "t")
    world.change(user, samlId=None)
    assert ISSUER not in shown()
    assert shown()["teams"] == "t"


@pytest.mark.parametrize("taken", ["400", "409"])
def test_an_identifier_that_somebody_else_has_stops_nobody(taken: Any) -> None:
    """The account is made, and the identifier is named as refused."""
    world = company(external_id_taken=taken)
    world.hired(samlId="same")
    other = world.person("Bo Lind", samlId="same")
    world.happen()
    assert world.account(other)["active"]
    assert world.last(f"user:{other}").refused == (identity(ISSUER),)
    assert not world.store.parked
