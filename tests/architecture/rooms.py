"""Counts the rooms of ``bridge`` and the arrows between them: ``python -m tests.architecture.rooms``.

A room is a package or a module directly under ``bridge``. An arrow is a pair of rooms of which one imports the other,
for types alone or late as well. Imports go down `ORDER` only: from a function to what it is made of, never back.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "layers/bridge/bridge"
MAX_ROOMS, MAX_ARROWS = 15, 60
#: The floors of the house, the lowest first. A room imports rooms of lower floors, of its own floor as `WITHIN` says.
ORDER = (
    frozenset({"errors", "items", "settings"}),
    frozenset({"provisioning"}),
    frozenset({"mapping", "outbound"}),
    frozenset({"okta", "genesys"}),
    frozenset({"aws"}),
    frozenset({"receiver", "consumer", "catchup", "reconcile", "operations", "approvals"}),
)
#: Arrows within a floor: everything may raise errors, and the approvals answer as the operations do.
WITHIN = frozenset({("items", "errors"), ("settings", "errors"), ("approvals", "operations")})


@dataclass(frozen=True)
class House:
    """The rooms, and by each arrow (importing room, imported room) the modules that draw it."""

    rooms: frozenset[str]
    arrows: Mapping[tuple[str, str], frozenset[str]]

    def faults(self) -> list[str]:
        """What is wrong, each in one line; empty when nothing is."""
        floors = {room: floor for floor, rooms in enumerate(ORDER) for room in rooms}
        faults = [f"{room}: belongs to no floor of ORDER" for room in sorted(self.rooms - set(floors))]
        if len(self.rooms) > MAX_ROOMS:
            faults.append(f"{len(self.rooms)} rooms, expected at most {MAX_ROOMS}")
        if len(self.arrows) > MAX_ARROWS:
            faults.append(f"{len(self.arrows)} arrows, expected at most {MAX_ARROWS}")
        for (importing, imported), modules in sorted(self.arrows.items()):
            above = floors.get(importing, 0) <= floors.get(imported, 0)
            if above and (importing, imported) not in WITHIN:
                faults.append(f"{importing} -> {imported}: not downward ({', '.join(sorted(modules))})")
        return faults


def survey(package: Path = PACKAGE) -> House:
    """The house as its source files show it."""
    rooms: set[str] = set()
    arrows: dict[tuple[str, str], set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.name == "__init__.py" and len(place.parts) == 1:
            continue
        room = place.parts[0].removesuffix(".py")
        rooms.add(room)
        for other in imported_rooms(path.read_text("utf-8"), package.name):
            if other != room:
                arrows.setdefault((room, other), set()).add(place.as_posix())
    return House(frozenset(rooms), {arrow: frozenset(modules) for arrow, modules in arrows.items()})


def imported_rooms(source: str, package: str) -> Iterator[str]:
    """The rooms of `package` that a source text imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from _rooms([node.module], package)
        elif isinstance(node, ast.Import):
            yield from _rooms((alias.name for alias in node.names), package)


def _rooms(modules: Iterable[str], package: str) -> Iterator[str]:
    for module in modules:
        first, _, rest = module.partition(".")
        if first == package and rest:
            yield rest.partition(".")[0]


def main() -> int:
    """Print the house; 1 when something is wrong with it."""
    house = survey()
    for room in sorted(house.rooms):
        print(f"{room:13} -> {', '.join(sorted(other for one, other in house.arrows if one == room))}")
    print(f"{len(house.rooms)} rooms, {len(house.arrows)} arrows")
    faults = house.faults()
    for fault in faults:
        print(f"WRONG: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
