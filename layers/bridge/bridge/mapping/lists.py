"""Lists of the attribute map: names of skills, languages and roles, from whatever a profile holds.

A profile gives a list, or a text with commas between the names. A name is a text; with a proficiency it is
``Billing:3.5``, or an object with ``name`` and ``proficiency``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from bridge.mapping.text import has_invisible, is_blank

#: Most skills, and most languages, of one user, and how they are rated (Platform API, ScimUserExtensions).
MOST, BEST = 50, 5.0
_RATED = re.compile(r"(?P<name>.*\S)\s*:\s*(?P<proficiency>\d+(\.\d+)?)", re.DOTALL)


def names(value: Any) -> tuple[list[str], bool]:
    """The names in order, each once, and whether all of `value` was names."""
    found: dict[str, None] = {}
    fits = True
    for each in _parts(value):
        name = _name(each)
        if name:
            found[name] = None
        fits &= name is not None
    return list(found), fits


def ratings(value: Any, prefix: str) -> tuple[dict[str, float | None], bool]:
    """Name -> proficiency, None without one; and whether all of `value` was that.

    A name without the `prefix`, a proficiency that is none, and what is more than Genesys Cloud takes do not fit.
    """
    found: dict[str, float | None] = {}
    fits = True
    for each in _parts(value):
        rated = _rated(each)
        if rated is None or not rated[0].startswith(prefix):
            fits = False
        elif rated[0]:
            found[rated[0]] = rated[1]
    return dict(list(found.items())[:MOST]), fits and len(found) <= MOST


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from value.split(",")
    elif isinstance(value, list):
        yield from (each for each in value if each is not None)
    else:
        yield value


def _name(value: Any) -> str | None:
    """A name without blanks around it, empty for a blank; None for what is no name."""
    if not isinstance(value, str):
        return None
    if is_blank(value):
        return ""
    name = value.strip()
    return None if has_invisible(name) else name


def _rated(value: Any) -> tuple[str, float | None] | None:
    if isinstance(value, dict):
        name, proficiency = _name(value.get("name")), value.get("proficiency")
        if not name or proficiency is None:
            return (name, None) if name else None
        return (name, number) if (number := _proficiency(proficiency)) is not None else None
    name = _name(value)
    if not name or (match := _RATED.fullmatch(name)) is None:
        return None if name is None else (name, None)
    number = _proficiency(match["proficiency"])
    return (match["name"], number) if number is not None else None


def _proficiency(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= BEST else None
