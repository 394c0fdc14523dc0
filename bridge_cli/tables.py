"""Text for people: tables whose columns fit, ids whole, and nothing in it that a terminal would obey."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

#: Spaces between columns, and the least width of a last column that is wrapped.
_GAP = 2
_LEAST = 24


def printable(text: str) -> str:
    """The text with a mark in the place of each character that is not shown but obeyed."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], width: int = 0) -> list[str]:
    """Lines of a table.

    Args:
        headings: of the columns.
        rows: one cell for each heading; numbers are set to the right.
        width: of the terminal: a last column that would pass it is wrapped at spaces; 0 is endless. Words are never
            cut, so that an id can be copied.
    """
    rows = [list(row) for row in rows]
    texts = [[heading.upper() for heading in headings]]
    texts += [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(text[column]) for text in texts) for column in range(len(headings))]
    right = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in range(len(headings))]
    before = sum(widths[:-1]) + _GAP * (len(widths) - 1)
    last = max(width - before, _LEAST) if width else 0
    lines = []
    for cells in texts:
        parts = wrapped(cells[-1], last) or [""]
        fitted = [
            cell.rjust(size) if number else cell.ljust(size)
            for cell, size, number in zip(cells[:-1], widths, right, strict=False)
        ]
        parts[0] = parts[0].rjust(widths[-1]) if right[-1] else parts[0]
        lines.append((" " * _GAP).join([*fitted, parts[0]]).rstrip())
        lines += [" " * before + part for part in parts[1:]]
    return lines


def facts(pairs: Iterable[tuple[str, object]], width: int = 0, indent: int = 2) -> list[str]:
    """Lines of names and values, one under the other; pairs with an empty value are left out."""
    shown = [(name, printable(str(value))) for name, value in pairs if value not in {None, ""}]
    size = max((len(name) for name, _ in shown), default=0)
    before = indent + size + _GAP
    lines = []
    for name, value in shown:
        parts = wrapped(value, max(width - before, _LEAST) if width else 0) or [""]
        lines.append(f"{' ' * indent}{name.ljust(size)}{' ' * _GAP}{parts[0]}")
        lines += [" " * before + part for part in parts[1:]]
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of a width, words whole; one line without a width."""
    if not width:
        return [text]
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 user``, ``2 users``."""
    return f"{number} {one if number == 1 else many or one + 's'}"
