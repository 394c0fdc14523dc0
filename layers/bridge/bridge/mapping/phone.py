"""Phone numbers in E.164, as Genesys Cloud stores them.

Genesys Cloud converts what it is sent, so anything else would differ from what was sent at every sync
(Genesys Cloud Resource Center, "Configure Okta for Genesys Cloud (SCIM)"). Of phonenumbers only the core is
used: its geocoder, carrier and time zone data are never loaded.
"""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult


def known_region(code: object) -> str:
    """`code` as a region that has a numbering plan (ISO 3166-1 alpha-2, upper case), empty if it is none."""
    region = code.strip().upper() if isinstance(code, str) else ""
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""


def to_e164(text: str, region: str) -> str | None:
    """`text` as ``+<digits>``, with an extension as ``tel:+<digits>;ext=<digits>`` (RFC 3966); None if it is no number.

    A number without ``+`` is read as one dials it in `region`. What counts is whether a number is *possible* (its
    length fits its country, area code included), not whether it is *valid*: numbering plans change more often than
    a library's tables, and a person's real number must not be lost for that. The result maps to itself.
    """
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    extension, number.extension = number.extension, None
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"tel:{plain};ext={extension}" if extension else plain
