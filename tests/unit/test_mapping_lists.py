"""Lists of the attribute map: what counts as a name, as a proficiency, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import SettingsError
from bridge.mapping.lists import MAX_RATINGS, names, ratings
from bridge.provisioning import elements
from bridge.provisioning.elements import LANGUAGES, SKILLS, Element, element, identity, rated
from tests.unit.test_mapping import custom_map, okta_user


@pytest.mark.parametrize(
    ("value", "found", "fits"),
    [
        ("Billing", {"Billing": None}, True),
        ("Billing:4, Sales : 0.5,", {"Billing": 4.0, "Sales": 0.5}, True),
        (["Billing:5", "Sales, EMEA", None, " "], {"Billing": 5.0, "Sales, EMEA": None}, True),
        ([{"name": "Tier:2"}, {"name": "Care", "proficiency": "3"}], {"Tier:2": None, "Care": 3.0}, True),
        (["a:1", "a:2"], {"a": 2.0}, True),
        ("Tier: two", {"Tier: two": None}, True),
        (["Billing:6", "Sales:1"], {"Billing": None, "Sales": 1.0}, False),
        ([{"name": "Care", "proficiency": float("nan")}], {"Care": None}, False),
        (
            [{"name": "Care", "proficiency": True}, {"proficiency": 1}, {"name": 7}, 7, True, ["x"]],
            {"Care": None},
            False,
        ),
        ("Bil\u200bling", {}, False),
        (7, {}, False),
        ([], {}, True),
    ],
)
def test_ratings(value: Any, found: dict[str, float | None], fits: bool) -> None:
    """Names with a proficiency or without one; what is neither is told, and a name among it kept."""
    assert ratings(value, "") == (found, fits)


def test_more_skills_than_genesys_cloud_takes_are_left_out() -> None:
    """The first fifty stay."""
    found, fits = ratings([f"Skill {number:02}" for number in range(MAX_RATINGS + 1)], "")
    assert (len(found), fits) == (MAX_RATINGS, False)
    assert "Skill 50" not in found


@pytest.mark.parametrize(
    ("value", "found", "fits"),
    [("a, b ,a", ["a", "b"], True), (["a, b"], ["a, b"], True), ([1, "a"], ["a"], False), ({"value": "a"}, [], False)],
)
def test_names(value: Any, found: list[str], fits: bool) -> None:
    """Each once, in order."""
    assert names(value) == (found, fits)


@pytest.mark.parametrize("name", ["Billing", 'a "quoted" one', "back\\slash", "Überlingen", "x] eq [", "a:1"])
def test_a_path_names_its_element_whatever_the_name_holds(name: str) -> None:
    """Quotes, brackets and letters beyond ASCII."""
    for path in (rated(SKILLS, name, 1)[0], rated(LANGUAGES, name, None)[0], elements.role(name)[0], identity(name)):
        one = element(path)
        assert one is not None
        assert (one.of, one.path) == (name, path)
    assert element("title") is None


def test_a_map_gives_a_path_for_each_skill() -> None:
    """And says which lists it has, with their prefixes."""
    entry = {"target": SKILLS, "from": "profile.skills", "format": "ratings", "prefix": "okta."}
    mapper = custom_map(entry)
    assert mapper.rates == {SKILLS}
    mapped = mapper.map_user(okta_user(skills=["okta.Care:2", "okta.Sales", "Other"]), None)
    assert mapped.values == {
        "userName": "ada.brook@example.com",
        "displayName": "Ada Brook",
        Element(SKILLS, "name", "okta.Care", "proficiency").path: 2.0,
        Element(SKILLS, "name", "okta.Sales", "name").path: "okta.Sales",
    }
    assert mapped.lists == {SKILLS: "okta."}
    assert mapped.unmapped == (SKILLS,)
    assert mapper.map_user(okta_user(skills=[]), None).lists == {}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"target": SKILLS, "from": "profile.skills"}, "format: expected ratings"),
        ({"target": "title", "from": "profile.title", "format": "ratings"}, "format: expected another than ratings"),
        ({"target": "title", "from": "profile.title", "format": "names"}, "format: expected another than names"),
        (
            {"target": "title", "from": "profile.title", "prefix": "a"},
            "prefix: expected only with skills and languages",
        ),
        ({"target": identity("x-pc:scimv2:v1"), "from": "profile.id"}, "expected an authority"),
        ({"target": identity(" "), "from": "profile.id"}, "expected an authority"),
        ({"target": rated(SKILLS, "Billing", 1)[0], "from": "'1'"}, "expected a SCIM path"),
        ({"target": "roles", "from": "'admin'"}, "format: expected names"),
    ],
)
def test_a_wrong_entry_is_refused(entry: dict[str, Any], said: str) -> None:
    """It is named."""
    with pytest.raises(SettingsError, match=said):
        custom_map(entry)


def test_without_lists_a_maps_digest_is_what_it_was() -> None:
    """Else an update would try again everything that Genesys Cloud does not take."""
    assert custom_map().digest == "0e871d27376e3370"
