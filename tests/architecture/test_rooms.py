"""The house of `bridge` has few rooms, few arrows and none upward; and the script that says so would notice."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.rooms import MAX_ARROWS, MAX_ROOMS, ORDER, House, survey


def _built(root: Path, files: dict[str, str]) -> House:
    package = root / "bridge"
    for name, text in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return survey(package)


def test_the_house_is_in_order() -> None:
    """At most 15 rooms and 60 arrows, and no import goes up."""
    assert survey().faults() == []


def test_imports_of_every_form_draw_an_arrow(tmp_path: Path) -> None:
    """From a package, from a module, whole modules, for types alone, and late within a function."""
    house = _built(
        tmp_path,
        {
            "okta/client.py": "from bridge import errors\nfrom bridge.outbound.http import HttpClient\n",
            "okta/log.py": "def read():\n    import bridge.items\n",
            "okta/auth.py": "if TYPE_CHECKING:\n    from bridge.provisioning import ports\n",
        },
    )
    assert house.rooms == {"okta"}
    assert set(house.arrows) == {("okta", room) for room in ("errors", "outbound", "items", "provisioning")}


def test_imports_within_a_room_and_of_others_draw_none(tmp_path: Path) -> None:
    """A room may be as entangled as it likes inside; other packages are not counted."""
    house = _built(
        tmp_path, {"okta/client.py": "import json\nfrom bridge.okta.auth import Auth\nimport bridge_local\n"}
    )
    assert not house.arrows


def test_an_import_upward_is_a_fault(tmp_path: Path) -> None:
    """Decisions that import a client of theirs are named with the module that does it."""
    house = _built(tmp_path, {"provisioning/users.py": "from bridge.genesys import client\n"})
    assert house.faults() == ["provisioning -> genesys: not downward (provisioning/users.py)"]


def test_an_import_of_a_neighbour_is_a_fault(tmp_path: Path) -> None:
    """Okta and Genesys Cloud know nothing of each other."""
    house = _built(tmp_path, {"okta/client.py": "from bridge.genesys import client\n"})
    assert house.faults() == ["okta -> genesys: not downward (okta/client.py)"]


def test_a_new_room_is_a_fault(tmp_path: Path) -> None:
    """A module that somebody puts beside the packages has no floor, and one more than fifteen is too many."""
    known = {f"{room}.py": "" for floor in ORDER for room in floor}
    faults = _built(tmp_path, {**known, "helpers.py": ""}).faults()
    assert faults == ["helpers: belongs to no floor of ORDER", f"{MAX_ROOMS + 1} rooms, expected at most {MAX_ROOMS}"]


def test_too_many_arrows_are_a_fault() -> None:
    """Sixty-one distinct pairs are one too many, all of them downward."""
    arrows = {("consumer", f"room{number}"): frozenset({"x.py"}) for number in range(MAX_ARROWS + 1)}
    faults = House(frozenset(), arrows).faults()
    assert f"{MAX_ARROWS + 1} arrows, expected at most {MAX_ARROWS}" in faults
