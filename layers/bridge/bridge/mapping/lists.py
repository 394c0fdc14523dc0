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
MAX_RATINGS, MAX_RATING = 50, 5.0
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

    A name without the `prefix`, a proficiency that is none, and what is more than Genesys Cloud takes do not fit. A
    name with such a proficiency is wanted all the same, with whatever proficiency it has: nobody loses a skill by it.
    """
    found: dict[str, float | None] = {}
    fits = True
    for each in _parts(value):
        name, proficiency, well = _rated(each)
        known = name is not None and name.startswith(prefix)
        fits &= well and known
        if name and known:
            found[name] = proficiency
    return dict(list(found.items())[:MAX_RATINGS]), fits and len(found) <= MAX_RATINGS


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


def _rated(value: Any) -> tuple[str | None, float | None, bool]:
    """Name, proficiency, and whether that is all there was; None for what is no name."""
    if isinstance(value, dict):
        name, given = _name(value.get("name")) or None, value.get("proficiency")
    else:
        name, given = _name(value), None
        if name and (match := _RATED.fullmatch(name)):
            name, given = match["name"], match["proficiency"]
    proficiency = _proficiency(given)
    return name, proficiency, name is not None and (given is None or proficiency is not None)


def _proficiency(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= MAX_RATING else None
