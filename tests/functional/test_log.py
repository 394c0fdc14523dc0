"""`bridge log` and what it asks: what was done, over everybody, from the real journal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.stages.operations_stage import Stage


def company() -> tuple[Stage, str, str]:
    """One person who came and changed, and one whom Genesys Cloud does not take the title of."""
    stage = Stage()
    world = stage.world
    ada, ben = world.person("Ada Brook"), world.person("Ben Cole")
    world.happen()
    world.clock.advance(3600)
    world.okta.update_profile(ada, {"title": "Analyst"})
    world.happen()
    return stage, ada, ben


def logged(stage: Stage, **asked: Any) -> list[tuple[str, str]]:
    """Entity and outcome of what the log has."""
    answer = stage.ask("log", reader=True, **asked)
    return [(each["entity"], each["outcome"]) for each in answer["log"]]


def test_the_log_says_what_was_done_the_newest_first() -> None:
    """Over everybody; by person, outcome and time; a sync that changed nothing is not there."""
    stage, ada, ben = company()
    stage.world.ask(f"user:{ben}")
    stage.world.settle()
    assert logged(stage)[0] == (f"user:{ada}", "updated")
    assert sorted(logged(stage)[1:]) == sorted([(f"user:{ada}", "created"), (f"user:{ben}", "created")])
    assert logged(stage, entity=f"user:{ben}") == [(f"user:{ben}", "created")]
    assert logged(stage, outcome="updated") == [(f"user:{ada}", "updated")]
    half_an_hour_ago = stage.world.clock.now() - timedelta(minutes=30)
    assert logged(stage, since=f"{half_an_hour_ago:%Y-%m-%dT%H:%M:%SZ}") == [(f"user:{ada}", "updated")]
    assert len(logged(stage, until=f"{half_an_hour_ago:%Y-%m-%dT%H:%M:%SZ}")) == 2
    stage.world.clock.advance(2 * 86_400)
    assert logged(stage) == []


def test_the_log_comes_in_pages() -> None:
    """Each goes on behind the one before, to an end."""
    stage, _, _ = company()
    found, after = [], ""
    for _ in range(5):
        answer = stage.ask("log", limit=1, after=after)
        found += answer["log"]
        if answer["next"] is None:
            break
        after = answer["next"]
    assert [each["outcome"] for each in found] == ["updated", "created", "created"]


def test_what_was_refused_of_profiles_is_found() -> None:
    """Whose, and which attribute: what the alarm's first command asks."""
    stage, ada, _ = company()
    world = stage.world
    world.genesys_switches.refused_attributes = {"title"}
    world.okta.update_profile(ada, {"title": "Director"})
    world.happen()
    [entry] = stage.ask("log", refused=True)["log"]
    assert (entry["entity"], entry["refused"]) == (f"user:{ada}", ["title"])


@pytest.mark.parametrize("field", ["since", "until"])
def test_a_time_that_is_none_is_refused(field: str) -> None:
    """By name, with what was expected."""
    wrong: dict[str, Any] = {field: "2026-99-99"}
    answer = Stage().answer("log", **wrong)
    assert answer["error"]["message"] == f"{field}: expected a time such as 2026-11-28T09:00:00Z"
