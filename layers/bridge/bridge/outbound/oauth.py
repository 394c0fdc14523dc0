"""The answer of an OAuth 2.0 token endpoint (RFC 6749, section 5.1), for Okta and Genesys Cloud alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.errors import Transient
from bridge.outbound.answer import Answer

#: A token is renewed this long before it expires, or at 80 % of its life if that is later.
_MARGIN = timedelta(minutes=5)
_LONGEST_SECONDS = 10**9
#: RFC 6750, section 2.1: what may stand behind ``Bearer``.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_ERROR_CODE = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True)
class AccessToken:
    """An access token and until when it is used. Its value is in no representation."""

    value: str = field(repr=False)
    until: datetime

    @classmethod
    def parse(cls, answer: Answer, asked: datetime) -> AccessToken:
        """The token in an answer to a request sent at `asked`.

        Raises:
            Transient: the answer holds none; the reason is ``<upstream>-token-malformed``.
        """
        document = answer.json_object()
        value, seconds = document.get("access_token"), document.get("expires_in")
        if (
            not isinstance(value, str)
            or not _TOKEN.fullmatch(value)
            or not isinstance(seconds, (int, float))
            or not 0 < seconds < _LONGEST_SECONDS
        ):
            raise Transient(f"{answer.upstream}-token-malformed", upstream=answer.upstream, status=answer.status)
        life = timedelta(seconds=seconds)
        return cls(value, asked + life - min(_MARGIN, life / 5))


def error_code(answer: Answer) -> str:
    """The ``error`` of a refused token request (RFC 6749, section 5.2), empty when it has no plain one."""
    code = answer.json_object().get("error")
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
