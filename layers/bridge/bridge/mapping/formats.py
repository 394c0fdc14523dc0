"""The formats of the attribute map: from whatever a profile holds to the text that SCIM takes."""

from __future__ import annotations

import math
import re
from datetime import date
from enum import StrEnum
from typing import Any

from bridge.mapping.phone import to_e164
from bridge.mapping.text import has_invisible

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Format(StrEnum):
    """What a mapped value must be."""

    TEXT = "text"  #: a text or a number, written as text
    EMAIL = "email"  #: an address: one ``@``, nothing that cannot be seen, a domain with a dot
    E164 = "e164"  #: a phone number, see `bridge.mapping.phone`
    DATE = "date"  #: a day, ``YYYY-MM-DD``; of a time its date part
    MANAGER = "manager"  #: an Okta user id, login, e-mail address or employee number, see `provisioning.managers`
    RATINGS = "ratings"  #: names of skills or languages, each with a proficiency or without, see `bridge.mapping.lists`
    NAMES = "names"  #: names of roles
    BOOL = "bool"  #: written as ``true`` or ``false``, for every SCIM attribute that can be mapped is a text


def convert(value: Any, form: Format, *, region: str) -> str | None:
    """`value` in its format, or None when it does not fit.

    Args:
        value: what a JMESPath expression found; never None.
        form: the format wanted, of one value.
        region: where a phone number without ``+`` is dialled.
    """
    if form is Format.BOOL:
        text = str(value).strip().lower()
        return text if text in {"true", "false"} else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    text = str(value).strip()
    match form:
        case Format.EMAIL:
            return text if _EMAIL.fullmatch(text) and not has_invisible(text) else None
        case Format.E164:
            return to_e164(text, region)
        case Format.DATE:
            return _day(text)
        case _:
            return text


def _day(text: str) -> str | None:
    day, _, _time = text.partition("T")
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return None
