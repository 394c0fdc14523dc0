"""Roles that Genesys Cloud takes from inactive people: remembered without a call, missed when access is back."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import Reason
from bridge.provisioning.user_records import UserLink
from bridge_local.faults import Fault, lost
from bridge_local.genesys.switches import GenesysSwitches
from tests.stages.cli_office import Office
from tests.stages.operations_stage import Stage
from tests.world import World


def company(variables: dict[str, str] | None = None, **switches: Any) -> World:
    """A Genesys Cloud that takes the roles of inactive users, unless a test says otherwise."""
    world = World(variables or {}, genesys_switches=GenesysSwitches(**{"inactive_roles": "removed", **switches}))
    world.genesys.directory.roles |= {"Supervisor", "Reports"}
    return world


def hired(world: World, *roles: str) -> str:
    """Somebody with an account, to whom an administrator has given roles."""
    user = world.hired()
    give(world, user, *roles)
    return user


def give(world: World, user: str, *roles: str) -> None:
    """An administrator gives roles, beside the default one."""
    account = world.account(user)
    world.genesys.edit_user(account["id"], {"roles": [{"value": name} for name in ("employee", *roles)]})


def link(world: World, user: str) -> UserLink:
    """The user's record."""
    found = world.store.user(user)
    assert found is not None
    return found


def suspension(world: World, user: str) -> None:
    """Suspended, and back."""
    world.okta.suspend(user)
    world.happen()
    world.okta.unsuspend(user)
    world.happen()


def test_roles_that_are_missing_when_somebody_is_back_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """By the record, the journal and a metric; given back by an administrator, they are missed no more."""
    world = company()
    user = hired(world, "Supervisor", "Reports")
    capsys.readouterr()
    suspension(world, user)
    assert world.account(user)["active"]
    assert world.last(f"user:{user}").outcome == "activated"
    assert world.last(f"user:{user}").lost_roles == ("Reports", "Supervisor", "employee")
    assert link(world, user).lost_roles == ("Reports", "Supervisor", "employee")
    assert '"RolesMissing":[3.0]' in capsys.readouterr().out
    give(world, user, "Reports")
    world.okta.update_profile(user, {"title": "Lead"})
    world.happen()
    assert link(world, user).lost_roles == ("Supervisor",)
    assert world.last(f"user:{user}").lost_roles == ()
    assert "RolesMissing" not in capsys.readouterr().out


def test_a_leaver_costs_not_one_call_more() -> None:
    """One read and one PATCH, as without the report; what is remembered is what that read showed."""
    counts = []
    for setting in ("true", "false"):
        world = company({"REPORT_LOST_ROLES": setting})
        user = hired(world, "Supervisor")
        world.genesys.calls.clear()
        world.okta.suspend(user)
        world.happen()
        counts.append([call.method for call in world.genesys.calls if "/scim/" in call.path])
        assert link(world, user).roles == (("Supervisor", "employee") if setting == "true" else ())
    assert counts[0] == counts[1]


def test_nothing_is_missed_where_genesys_cloud_keeps_the_roles() -> None:
    """As the other of its pages says."""
    world = company(inactive_roles="kept")
    user = hired(world, "Supervisor")
    suspension(world, user)
    assert world.last(f"user:{user}").lost_roles == ()
    assert link(world, user).lost_roles == ()


def test_without_the_setting_nothing_is_remembered_nor_said() -> None:
    """ReportLostRoles=false."""
    world = company({"REPORT_LOST_ROLES": "false"})
    user = hired(world, "Supervisor")
    suspension(world, user)
    assert world.last(f"user:{user}").lost_roles == ()
    assert (link(world, user).roles, link(world, user).lost_roles) == ((), ())


def test_what_is_missing_outlives_a_second_suspension() -> None:
    """The roles of before the first one are still those that are missing."""
    world = company()
    user = hired(world, "Supervisor")
    suspension(world, user)
    give(world, user)
    suspension(world, user)
    assert world.last(f"user:{user}").lost_roles == ("Supervisor", "employee")


def test_the_roles_of_a_deleted_account_are_missed() -> None:
    """The bridge makes the user anew, and Genesys Cloud restores none."""
    world = company()
    user = hired(world, "Supervisor")
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    world.genesys.delete_user(world.account(user)["id"])
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    assert world.last(f"user:{user}").outcome == "recreated"
    assert "Supervisor" in world.last(f"user:{user}").lost_roles


def test_a_sync_that_dies_between_names_the_roles_all_the_same() -> None:
    """The PATCH that ends access took effect and its answer was lost: what was read before it is remembered."""
    world = company()
    user = hired(world, "Supervisor")
    world.genesys.faults.add(Fault("PATCH .*users", lost(), count=1))
    suspension(world, user)
    assert set(link(world, user).lost_roles) == {"Supervisor", "employee"}


def test_explain_says_what_is_missing() -> None:
    """In the step about the account, for people and as JSON."""
    stage = Stage()
    office = Office(stage)
    stage.world.genesys.switches.inactive_roles = "removed"
    user = hired(stage.world, "admin")
    suspension(stage.world, user)
    assert "Roles that are missing since access is back: admin, employee." in office.bridge(f"explain user {user}").out
    answer = office.ask(f"explain user {user}")
    assert answer["lost_roles"] == ["admin", "employee"]
    assert answer["journal"][0]["lost_roles"] == ["admin", "employee"]


def test_what_nobody_gives_back_is_discarded_by_a_person() -> None:
    """With a reason, shown first, and in the journal; they are missed no more, not even after the next suspension."""
    office = Office(Stage())
    world = office.stage.world
    world.genesys.switches.inactive_roles = "removed"
    user = hired(world, "admin")
    suspension(world, user)
    shown = office.bridge(f"user discard-roles {user} --why OPS-7", typed="n\n", code=1)
    assert "admin, employee" in shown.out
    assert link(world, user).lost_roles == ("admin", "employee")
    world.genesys.calls.clear()
    assert office.ask(f"user discard-roles {user} --why OPS-7 --yes")["roles"] == ["admin", "employee"]
    assert world.genesys.calls == []
    entry = world.last(f"user:{user}")
    assert (entry.outcome, entry.why, entry.read["ticket"]) == ("discarded", "roles-lost", "OPS-7")
    assert entry.lost_roles == ("admin", "employee")
    assert "missing since" not in office.bridge(f"explain user {user}").out
    assert "no role of" in office.bridge(f"user discard-roles {user} --why OPS-7 --yes", code=1).err
    suspension(world, user)
    assert link(world, user).lost_roles == ()
    give(world, user, "admin")
    world.ask(f"user:{user}", Reason.OPERATOR)
    world.settle()
    suspension(world, user)
    assert link(world, user).lost_roles == ("admin", "employee")


def test_readers_see_what_is_missing_and_discard_nothing() -> None:
    """It is an operator's act."""
    stage = Stage()
    stage.world.genesys.switches.inactive_roles = "removed"
    user = hired(stage.world, "admin")
    suspension(stage.world, user)
    assert (
        stage.refused("roles.discard", entity=f"user:{user}", why="OPS-7", apply=True, reader=True) == "readers-may-not"
    )
    assert stage.ask("roles.discard", entity=f"user:{user}", why="OPS-7", reader=True)["applied"] is False
