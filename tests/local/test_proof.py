"""The demo's proof: quiet when Genesys Cloud equals Okta, and loud when one user or one member differs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bridge_local.demo import verdict
from bridge_local.proof import differences, kept
from bridge_local.scenario import EVENT_TYPES, LINKED_GROUPS, Company
from tests.world import World

PEOPLE = 100
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture(scope="module")
def told() -> tuple[World, Company]:
    """The demo's whole story, through the real handlers in one process."""
    world = World(variables={"LINKED_GROUPS": LINKED_GROUPS})
    company = Company(world.okta, world.genesys, random.Random(7))  # noqa: S311 - a story
    company.hire(PEOPLE)
    world.deliver()
    world.settle()
    for step in company.changes():
        step()
    world.deliver()
    world.settle()
    return world, company


def test_the_whole_story_ends_equal(told: tuple[World, Company]) -> None:
    """After every event type and one hold nothing differs."""
    world, company = told
    assert differences(world.okta, world.genesys, company.story) == []
    assert len(company.held) >= 20
    assert {entry.event_type for entry in world.okta.log.all()} >= EVENT_TYPES


@pytest.mark.parametrize(("wrong", "status"), [([], 0), (["one member differs"], 1)])
def test_the_demo_fails_for_a_single_difference(wrong: list[str], status: int) -> None:
    """The exit status is 1, and the difference is shown."""
    said: list[str] = []
    assert verdict(wrong, {}, 1.0, said.append) == status
    assert all(any(each in line for line in said) for each in wrong)


def test_the_last_words_count_those_who_are_really_still_members(told: tuple[World, Company]) -> None:
    """Counted in Genesys Cloud, and as many as the hold stages; without any, nothing is excepted."""
    world, company = told
    (group,) = company.story.held
    staged = frozenset(world.store.staged(f"group:{group}", 1))
    hold = world.store.hold(f"group:{group}")
    assert hold is not None
    count = kept(world.okta, world.genesys, company.story, staged)[group]
    theirs = world.genesys.members(company.story.links[group])
    assert 0 < count == hold.staged <= min(len(theirs), len(company.held))
    said: list[str] = []
    verdict([], {"Sales": count}, 1.0, said.append)
    assert f"every member, except the {count} who are held in Sales" in said[0]
    verdict([], {}, 1.0, said.append)
    assert "except" not in said[4]


def someone(world: World) -> str:
    """Genesys Cloud's id of an active user who has each attribute."""
    return next(
        str(user["id"])
        for user in world.genesys.users()
        if user["active"] and user.get("title") and len(user.get("phoneNumbers", ())) == 2
    )


def edit(**changes: object) -> Callable[[World, Company], None]:
    """An alteration of one user's attributes."""
    return lambda world, _: world.genesys.edit_user(someone(world), changes)


def put_in(world: World, company: Company) -> None:
    """Somebody too many in a linked group."""
    group = next(iter(company.story.links.values()))
    stranger = next(
        user["id"]
        for user in world.genesys.users()
        if user["active"] and user["id"] not in world.genesys.members(group)
    )
    world.genesys.edit_members(group, add=[stranger])


def take_out(world: World, company: Company) -> None:
    """Somebody too few among the members of a linked group."""
    group, active = next(iter(company.story.links.values())), {u["id"] for u in world.genesys.users() if u["active"]}
    world.genesys.edit_members(group, remove=[next(each for each in world.genesys.members(group) if each in active)])


def free_the_held(world: World, company: Company) -> None:
    """The hold is done without anybody's approval."""
    (okta_group,) = company.story.held
    group = company.story.links[okta_group]
    world.genesys.edit_members(group, remove=world.genesys.members(group))


def delete(world: World, _: Company) -> None:
    """A user is gone."""
    world.genesys.delete_user(someone(world))


def add_stranger(world: World, _: Company) -> None:
    """Somebody whom Okta does not know."""
    world.genesys.add_user({"userName": "stranger@example.org", "displayName": "Stranger", "active": True})


def add_to_unlinked(world: World, _: Company) -> None:
    """Members in a group that is linked with nothing."""
    world.genesys.edit_members(world.genesys.add_group("Chess"), add=[someone(world)])


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (edit(userName="other@example.org"), "userName should be"),
        (edit(displayName="Somebody Else"), "displayName should be"),
        (edit(title="Astronaut"), "title should be"),
        (edit(active=False), "active should be True"),
        (edit(externalId="00uSomebodyElse00000"), "is missing in Genesys Cloud"),
        (edit(emails=[{"type": "work", "value": "other@example.org"}]), "work e-mail should be"),
        (edit(phoneNumbers=[{"type": "work", "value": "+14125550999"}]), "mobile phone should be"),
        (edit(**{ENTERPRISE: {"department": "Moon", "employeeNumber": "1"}}), "department should be"),
        (edit(**{ENTERPRISE: {"department": "Moon", "employeeNumber": "1"}}), "employeeNumber should be"),
        (put_in, "should be no member"),
        (take_out, "should be a member"),
        (free_the_held, "should be a member"),
        (delete, "is missing in Genesys Cloud"),
        (add_stranger, "nobody in Okta stands for it"),
        (add_to_unlinked, "is linked with nothing and has members"),
    ],
)
def test_one_difference_is_seen(
    told: tuple[World, Company], alter: Callable[[World, Company], None], said: str
) -> None:
    """A single altered user or member makes the proof fail and say which."""
    world, company = told
    before = world.genesys.to_state()
    try:
        alter(world, company)
        assert any(said in line for line in differences(world.okta, world.genesys, company.story))
    finally:
        world.genesys.from_state(before)
