"""Characters that people cannot see: alone they are no value, inside an address or a number they make it wrong."""

from __future__ import annotations

import unicodedata

#: Characters that Unicode counts as letters or marks, and that show nothing (Default_Ignorable_Code_Point, and the
#: blank pattern of Braille).
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: blanks, zero-width and control characters only."""
    return all(character.isspace() or _is_invisible(character) for character in text)


def has_invisible(text: str) -> bool:
    """Whether a text has a zero-width or control character anywhere; ordinary blanks are none."""
    return any(_is_invisible(character) for character in text)


def _is_invisible(character: str) -> bool:
    # Control and format characters, surrogates, code points that stand for nothing, variation selectors, fillers.
    return (
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn"}
        or character in _FILLERS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or "\u180b" <= character <= "\u180f"
    )
