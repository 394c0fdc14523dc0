"""Phone numbers as Genesys Cloud keeps them: E.164, or a tel URI (RFC 3966) where there is an extension."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_EXTENSION = re.compile(r"\s*;\s*ext\s*=\s*", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def to_e164(text: str, region: str, extension_blank: bool) -> str | None:
    """The number in Genesys Cloud's form, None when it is none.

    Args:
        text: what a client wrote: E.164, a tel URI, or a national number of `region`.
        region: ISO 3166 code that reads numbers without ``+``.
        extension_blank: whether a blank stands before ``ext=`` in the tel URI.
    """
    try:
        number = phonenumbers.parse(_EXTENSION.sub(";ext=", text), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not number.extension:
        return plain
    return f"tel:{plain};{' ' if extension_blank else ''}ext={number.extension}"
