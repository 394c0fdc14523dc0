"""Faults that people and tests set: latency, refusals, cut connections, lost answers, version conflicts."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Literal

from bridge_local.exchange import Request

FaultKind = Literal["latency", "rate-limit", "status", "cut", "lost-answer", "version-conflict"]

_CONDITIONAL = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass
class Fault:
    """A rule: which requests suffer, how often, and what.

    Attributes:
        kind: ``latency`` (the answer takes `seconds`), ``rate-limit`` (429 that asks for `seconds`, 400 of the
            token endpoint), ``status`` (that
            5xx or 4xx), ``cut`` (no answer, nothing done), ``lost-answer`` (the work is done, the answer lost),
            ``version-conflict`` (as if somebody had just changed the user or group; only PUT, PATCH, DELETE).
        method: regular expression for the whole method.
        path: regular expression found anywhere in the path.
        count: how many requests suffer before the rule is spent, None for all.
        probability: of suffering, for each request that matches.
        seconds: see kind.
        status: see kind.
    """

    kind: FaultKind
    method: str = ".*"
    path: str = ".*"
    count: int | None = None
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 503


@dataclass
class Faults:
    """The rules in force, asked in order: latencies add up, the first other rule that hits decides."""

    rng: random.Random
    rules: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Put a rule at the end."""
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        self.rules.clear()

    def meet(self, request: Request) -> tuple[float, Fault | None]:
        """Seconds of delay and the rule that hits this request."""
        delay, hit = 0.0, None
        for rule in list(self.rules):
            if (hit is not None and rule.kind != "latency") or not self._hits(rule, request):
                continue
            if rule.kind == "latency":
                delay += rule.seconds
            else:
                hit = rule
            if rule.count is not None:
                rule.count -= 1
                if rule.count <= 0:
                    self.rules.remove(rule)
        return delay, hit

    def _hits(self, rule: Fault, request: Request) -> bool:
        if rule.kind == "version-conflict" and request.method not in _CONDITIONAL:
            return False
        if not re.fullmatch(rule.method, request.method) or not re.search(rule.path, request.path):
            return False
        return rule.probability >= 1 or self.rng.random() < rule.probability
