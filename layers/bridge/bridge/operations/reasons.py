"""What a reason code means to people, whom it concerns, and what to do first: one table, ``reasons.json``.

A key may have a ``*`` where the source puts a part in: ``genesys-*`` stands for ``genesys-418``. An exact key precedes
a pattern, a pattern that names the end of a code one that names its beginning, and a longer one a shorter one.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

StepName = Literal["reach", "read", "in-scope", "match", "act"]
#: The steps of an explanation, in their order.
STEPS: tuple[StepName, ...] = ("reach", "read", "in-scope", "match", "act")


class ReasonText(NamedTuple):
    """The words for one reason code.

    Attributes:
        step: the step of an explanation that it ends; empty for one that ends none.
        affects: ``one`` user or group, or ``all`` of them.
        acts: who has something to do: ``nobody``, ``okta`` or ``genesys`` (an administrator there), ``operator``,
            ``approver``.
        means: what it means, in whole sentences.
        first: what to do first, likewise.
    """

    step: StepName | Literal[""]
    affects: Literal["one", "all"]
    acts: Literal["nobody", "okta", "genesys", "operator", "approver"]
    means: str
    first: str

    @property
    def words(self) -> str:
        """What it means, and what to do first if there is anything to do."""
        return self.means if self.first == "Nothing." else f"{self.means} {self.first}"


#: The judge's numbers: who would go, who went before within the window, and of how many.
_NUMBERS = re.compile(r"W=(\d+) c=(\d+) B=(\d+)")


def in_words(explanation: str) -> str:
    """A hold's explanation with the judge's numbers in words; anything else in it stays as it is."""
    return _NUMBERS.sub(lambda found: _counted(*found.groups()), explanation)


def _counted(going: str, before: str, whole: str) -> str:
    went = f", {before} went before within the window" if before != "0" else ""
    return f"{going} of {whole} would go now{went}"


@lru_cache
def table() -> dict[str, ReasonText]:
    """Every code, or pattern of codes, and its words."""
    read = json.loads(Path(__file__).with_name("reasons.json").read_text("utf-8"))
    return {code: ReasonText(**words) for code, words in read.items()}


def text_of(code: str) -> ReasonText:
    """The words for a code; for one that a record of another release holds, words that say so."""
    known = table()
    if code in known:
        return known[code]
    patterns = [key for key in known if "*" in key and fnmatchcase(code, key)]
    if patterns:
        return known[max(patterns, key=lambda key: (not key.endswith("*"), len(key)))]
    means = f"This release has no words for the reason code {code}."
    return ReasonText("act", "one", "operator", means, "The journal says what was read and called.")
