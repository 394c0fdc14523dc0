"""Phone numbers in E.164, as Genesys Cloud stores them.

Genesys Cloud converts what it is sent, so anything else would differ from what was sent at every sync
(Genesys Cloud Resource Center, "Configure Okta for Genesys Cloud (SCIM)"). Of phonenumbers only the core is
used: its geocoder, carrier and time zone data are never loaded.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from bridge.mapping.text import has_invisible

#: What people write between two numbers; a slash also stands inside one (``030/123456``).
_BETWEEN = re.compile(r"[/,;|&\\]+")
#: A part with fewer digits is an area code or an extension, although some plans have numbers as short.
LEAST_DIGITS = 6
_LETTERS = re.compile(r"[^\W\d_]+")


def known_region(code: object) -> str:
    """`code` as a region that has a numbering plan (ISO 3166-1 alpha-2, upper case), empty if it is none."""
    region = code.strip().upper() if isinstance(code, str) else ""
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""


def to_e164(text: str, region: str) -> str | None:
    """`text` as ``+<digits>``, with an extension as ``tel:+<digits>;ext=<digits>`` (RFC 3966); None if it is no number.

    A number without ``+`` is read as one dials it in `region`. It must be *one valid* number of its country's numbering
    plan: an extension without its number, a number with a digit missing, a note behind it, or two numbers in one field
    would otherwise become the number of a stranger. Letters count as digits only where the number needs them
    (``1-800-FLOWERS``). The result maps to itself.
    """
    if has_invisible(text):
        return None
    text = unicodedata.normalize("NFKC", text)  # full-width digits and signs are digits and signs
    number = _valid(text, region)
    if number is None or _has_note(text, region, number) or (not number.extension and _has_two(text, region)):
        return None
    number = _with_country_code(number, text, region)
    extension, number.extension = number.extension, None
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"tel:{plain};ext={extension}" if extension else plain


def _valid(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _has_note(text: str, region: str, number: PhoneNumber) -> bool:
    """Whether letters behind the first digit are no part of the number: ``030 123456 Home``, ``030 123456 DW 7``."""
    digits = re.search(r"[+\d].*", text, re.DOTALL)
    dialled = digits.group() if digits else text
    if phonenumbers.is_alpha_number(dialled):
        return _valid(_LETTERS.sub(" ", dialled), region) is not None
    return not number.extension and _LETTERS.search(dialled) is not None


def _has_two(text: str, region: str) -> bool:
    """Whether a part of the text is a number by itself, as one dials it, beside other digits."""
    parts = [part.strip() for part in _BETWEEN.split(text) if re.search(r"\d", part)]
    if len(parts) < 2:  # noqa: PLR2004 - one number has one part
        return False
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or ""
    dialled = ("+", prefix) if prefix else ("+",)
    return any(
        _valid(part, region) is not None
        and (place == 0 or part.startswith(dialled))
        and len(re.findall(r"\d", part)) >= LEAST_DIGITS
        for place, part in enumerate(parts)
    )


def _with_country_code(number: PhoneNumber, text: str, region: str) -> PhoneNumber:
    """The number as an international one whose ``+`` was left out: ``49 171 2345678`` in Germany.

    Only where people dial a prefix in front of national numbers, and this one has none. Some plans have numbers of so
    many lengths that the country code passes as an area code.
    """
    digits = str(number.national_number)
    written = "".join(re.findall(r"\d", text))
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or ""
    if "+" in text or not prefix or written != digits + (number.extension or ""):
        return number
    if not digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return number
    international = _valid(f"+{digits}", region)
    if international is None:
        return number
    international.extension = number.extension
    return international
