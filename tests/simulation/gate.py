"""The one gate that every outside effect of a process goes through: time passes, others run, processes die."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from tests.world import VirtualClock

T = TypeVar("T")

#: How deep others may run inside the effect of one process.
DEEPEST = 2
#: How many times as often others act before an effect that changes something for them: a write.
DECIDES = 8
#: How long a function may run.
FUNCTION_SECONDS = 120.0


class Died(BaseException):
    """The process is gone, between two effects: no ``except Exception`` of it runs any more."""


class Unsettled(AssertionError):
    """The run does not come to rest."""


@dataclass(frozen=True)
class Weather:
    """How bad things are: the probability of each mishap at one outside effect.

    Attributes:
        death: the process dies before or after the effect, or half-way through a write of many records.
        interlude: others act before the effect takes place.
        slow: the effect takes seconds.
        refused: a service answers that it cannot now (429, 5xx, throttling), having done nothing.
        lost: a service does what it is asked, and its answer is lost.
        late: a write reaches Genesys Cloud only after its caller gave up.
        token: Genesys Cloud's tokens end before the call.
        strange: Okta answers 403, a 404 that means "not visible", an empty listing, or no JSON.
    """

    death: float = 0.0
    interlude: float = 0.0
    slow: float = 0.0
    refused: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    token: float = 0.0
    strange: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> Weather:
        """One of the climates of a run: calm, crowded, two kinds of mishap, or everything at once."""
        kinds = list(cls.__dataclass_fields__)
        mild = replace(cls(), interlude=0.03)
        draw = chance.random()
        if draw < 0.1:
            return CALM
        if draw < 0.35:
            return replace(mild, interlude=0.06, death=chance.choice((0.0, 0.0, 0.05)))
        if draw < 0.65:
            return replace(mild, **{kind: chance.choice((0.05, 0.15)) for kind in chance.sample(kinds, 2)})
        return cls(**{kind: chance.choice((0.0, 0.01, 0.03, 0.06)) for kind in kinds})

    @property
    def calm(self) -> bool:
        """Whether nothing goes wrong at all."""
        return self == CALM


CALM = Weather()


class History:
    """What happened, in the order in which it happened; rendered only when somebody wants to read it."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lines: list[tuple[datetime, int, str]] = []
        self.names: dict[str, str] = {}
        self.depth = 0

    def tell(self, line: str) -> None:
        """Add a line."""
        self._lines.append((self._clock.time, self.depth, line))

    def lines(self) -> list[str]:
        """The lines with times, indented by depth, ids replaced by names."""
        told = []
        for at, depth, line in self._lines:
            for known, name in self.names.items():
                if known in line:
                    line = line.replace(known, name)  # noqa: PLW2901 - the same line, readable
            told.append(f"{at:%d %H:%M:%S.%f}"[:-3] + f"  {'|   ' * depth}{line}")
        return told


class Gate:
    """Passes effects on, after the scheduler has had its say.

    Attributes:
        weather: what may go wrong now.
        interlude: what others do before an effect; told what the effect is.
        settle: lets whatever is due by now take place (writes that come late).
    """

    def __init__(self, clock: VirtualClock, chance: random.Random, history: History) -> None:
        self.clock = clock
        self.chance = chance
        self.history = history
        self.weather = CALM
        self.interlude: Callable[[str], None] = lambda _what: None
        self.settle: Callable[[], None] = lambda: None
        self._deadlines: list[datetime] = []

    # -------------------------------------------------------------------------------------- processes

    @contextmanager
    def process(self, seconds: float = FUNCTION_SECONDS) -> Iterator[None]:
        """Within, the effects are those of one invocation of a function, which has a time-out."""
        self._deadlines.append(self.clock.time + timedelta(seconds=seconds))
        self.history.depth = len(self._deadlines)
        try:
            yield
        finally:
            self._deadlines.pop()
            self.history.depth = len(self._deadlines)

    @property
    def depth(self) -> int:
        """How many invocations are under way, one inside an effect of the other."""
        return len(self._deadlines)

    def milliseconds_left(self) -> int:
        """How long the invocation may still run."""
        return max(0, int((self._deadlines[-1] - self.clock.time).total_seconds() * 1000))

    @property
    def overdue(self) -> bool:
        """Whether the invocation has run into its time-out."""
        return bool(self._deadlines) and self.clock.time > self._deadlines[-1]

    def require_time(self) -> None:
        """End a process that has run into its time-out."""
        if self.overdue:
            self.die("time-out")

    def die(self, why: str) -> None:
        """End the process."""
        self.history.tell(f"the process dies: {why}")
        raise Died(why)

    # ---------------------------------------------------------------------------------------- effects

    def hits(self, probability: float) -> bool:
        """Draw, only where there is something to draw."""
        return probability > 0 and self.chance.random() < probability

    def before(self, what: str, *, decides: bool = False) -> None:
        """What may happen before an effect; others come more often before one that changes something for them."""
        self.require_time()
        if self.hits(self.weather.slow):
            self.clock.advance(self.chance.choice((0.3, 2.0, 9.0, 40.0)))
            self.settle()
        if self.depth <= DEEPEST and self.hits(self.weather.interlude * (DECIDES if decides else 1)):
            self.interlude(what)
        if self.hits(self.weather.death / 2):
            self.die(f"before {what}")

    def after(self, what: str) -> None:
        """What may happen after an effect."""
        if self.hits(self.weather.death / 2):
            self.die(f"after {what}")

    def do(self, what: str, act: Callable[[], T]) -> T:
        """An effect that never fails by itself."""
        self.before(what)
        result = act()
        self.after(what)
        return result
