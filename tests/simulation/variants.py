"""The bridge with one safeguard less, made from outside: each must be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge_local.exchange import Now
from bridge_local.fifo import FifoLanes
from bridge_local.memory import MemoryStore
from tests.world import World

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


@dataclass(frozen=True)
class Scheduled:
    """A process that a schedule starts: how likely at each step of a run, and what it does."""

    name: str
    share: float
    run: Callable[[Simulation], None]


class Variant:
    """Nothing is switched off."""

    name = ""

    def store(self) -> MemoryStore:
        """The bridge's memory."""
        return MemoryStore()

    def lanes(self, now: Now) -> FifoLanes:
        """The lanes."""
        return FifoLanes(now)

    def processes(self) -> Sequence[Scheduled]:
        """What runs by schedule."""
        from tests.simulation.processes import SCHEDULED

        return SCHEDULED

    def hear(self, world: World, events: list[dict[str, Any]]) -> None:
        """A delivery was taken."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Classes of the bridge stand replaced within."""
        yield


VARIANTS: dict[str, type[Variant]] = {variant.name: variant for variant in (Variant,)}
