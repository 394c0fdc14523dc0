"""The checker of the ceiling is worth something: bridges that count wrongly are caught by it, the real one is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bridge.provisioning.evidence import Case, Evidence, Proof
from bridge.provisioning.groups import GroupSync
from bridge.provisioning.membership import Membership
from bridge.provisioning.sync import Work
from bridge_local.faults import Fault, lost
from bridge_local.memory import MemoryStore
from bridge_local.okta import faults as okta_faults
from tests.simulation.ceiling_check import Rules
from tests.simulation.crashes import MortalWorld
from tests.simulation.scene import Scene

RULES = Rules(count=20, percent=40)


class FixedWindows(MemoryStore):
    """Counts by calendar day."""

    def removals(self, entity: str, since: datetime) -> frozenset[str]:
        """Only what was removed since midnight."""
        midnight = (since + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return super().removals(entity, max(since, midnight))


class Forgetful(MemoryStore):
    """Writes a removal down once it is done, and nothing before it."""

    def reserve(self, entity: str, user_ids: Iterable[str], at: datetime) -> None:
        """Nothing is reserved."""


def stored(kind: type[MemoryStore]) -> Any:
    """A world with another store."""

    def mend(world: MortalWorld) -> None:
        cast("Any", world.store)._store = kind(app_state=world.store.app_state)

    return mend


def rules_broken(scene: Scene) -> set[str]:
    """The short names of what the checker found."""
    return {breach.rule for breach in scene.breaches()}


def over_the_seam(scene: Scene) -> None:
    """20 leave in the evening and 2 more after midnight."""
    users = scene.world.provisioned(100)
    scene.world.clock.time = scene.world.clock.time.replace(hour=21)
    group, _ = scene.linked("Agents", users)
    scene.begin()
    scene.change(group, remove=users[:20])
    scene.happen()
    scene.world.clock.advance(6 * 3600)
    scene.change(group, remove=users[20:22])
    scene.happen()


def lost_answers(scene: Scene) -> None:
    """The answer to the removal of 20 is lost twice, so a retry finds it done; then 20 more leave."""
    users = scene.world.provisioned(100)
    group, _ = scene.linked("Agents", users)
    scene.begin()
    scene.world.genesys.faults.add(Fault("PATCH", lost(), count=2))
    scene.change(group, remove=users[:20])
    scene.happen()
    scene.change(group, remove=users[20:40])
    scene.happen()


def one_by_one(scene: Scene) -> None:
    """30 of 60 leave at once, each event is a delivery of its own."""
    users = scene.world.provisioned(60)
    group, _ = scene.linked("Agents", users)
    scene.begin()
    scene.change(group, remove=users[:30])
    for event in scene.world.events():
        scene.world.deliver([event])
        scene.world.settle()
    scene.settle()


def empty_list(scene: Scene) -> None:
    """Okta lists nobody for once, of a group of four."""
    users = scene.world.provisioned(4)
    group, _ = scene.linked("Agents", users)
    scene.begin()
    scene.world.okta.faults.add(Fault(f"groups/{group}/users", okta_faults.empty_listing(), count=1))
    scene.world.clock.advance(3600)
    for _ in range(2):
        scene.world.ask(f"group:{group}")
        scene.world.settle()
    scene.settle()


HISTORIES = {history.__name__: history for history in (over_the_seam, lost_answers, one_by_one, empty_list)}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_real_bridge_is_not_caught(name: str) -> None:
    """The four histories that tell the variants apart break nothing."""
    scene = Scene(RULES)
    HISTORIES[name](scene)
    assert scene.breaches() == []


def test_fixed_windows_are_caught() -> None:
    """Who counts by calendar day lets 22 go within seven hours."""
    scene = Scene(RULES, mend=stored(FixedWindows))
    over_the_seam(scene)
    assert "count" in rules_broken(scene)


def test_missing_reservations_are_caught() -> None:
    """Who writes a removal down only afterwards forgets those whose answer was lost."""
    scene = Scene(RULES, mend=stored(Forgetful))
    lost_answers(scene)
    assert "count" in rules_broken(scene)


def test_who_sees_only_the_changed_users_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that judges only the user of its event removes the first twenty before it stops."""
    real = Membership.removals

    def changed(seen: Membership, *args: Any) -> dict[str, str]:
        leaving = real(seen, *args)
        return dict(list(leaving.items())[:1])

    monkeypatch.setattr(Membership, "removals", changed)
    scene = Scene(RULES)
    one_by_one(scene)
    assert "whole-change" in rules_broken(scene)


def test_who_trusts_any_empty_list_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that believes a listing without an explanation, and asks nobody, removes members whom Okta has."""

    def believe(_: Evidence, __: Work, case: Case, leaving: Mapping[str, str]) -> Proof:
        return Proof(dict(leaving), "", case.link)

    monkeypatch.setattr(Evidence, "prove", believe)
    monkeypatch.setattr(GroupSync, "_explained_empty", staticmethod(lambda *_: True))
    scene = Scene(Rules(count=20, percent=0))
    empty_list(scene)
    assert "removed-though-desired" in rules_broken(scene)
