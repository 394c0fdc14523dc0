"""Who approves: the ARN that AWS itself answers to a presigned ``sts:GetCallerIdentity``, never a claimed name.

The URL comes from outside, so nothing of it is followed: it must begin with this region's own STS endpoint, have
exactly the parameters of such a signature, and be fresh. Then the same parameters go to our own endpoint, with the
header that binds the signature to this decision (`bridge.approvals.signing`); no redirect, and a small answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from bridge.approvals.signing import ACTION, BINDING_HEADER, EXPIRES, VERSION
from bridge.errors import Transient
from bridge.operations.answers import Refused
from bridge.outbound.answer import Answer
from bridge.outbound.http import HttpClient, Transport
from bridge.provisioning.ports import Clock

#: How far ahead of ours the clock of the person may be.
_AHEAD = timedelta(seconds=60)
_ANSWER_BYTES = 16 * 1024
_NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
_ARN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(?P<account>[0-9]{12}):[A-Za-z0-9+=,.@_/-]{1,512}")
_FIXED = {
    "Action": ACTION,
    "Version": VERSION,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-SignedHeaders": f"host;{BINDING_HEADER}",
}
_SHAPES = {
    "X-Amz-Credential": re.compile(
        r"[A-Za-z0-9]{4,128}/(?P<day>[0-9]{8})/(?P<region>[a-z0-9-]{1,32})/sts/aws4_request"
    ),
    "X-Amz-Date": re.compile(r"[0-9]{8}T[0-9]{6}Z"),
    "X-Amz-Expires": re.compile(r"[1-9][0-9]{0,3}"),
    "X-Amz-Signature": re.compile(r"[0-9a-f]{64}"),
}
_TOKEN = "X-Amz-Security-Token"  # noqa: S105 - a parameter's name
_TOKEN_SHAPE = re.compile(r"[A-Za-z0-9+/=_-]{1,4096}")


class Identities:
    """Confirms the identities of approvers with the STS of one region."""

    def __init__(
        self, endpoint: str, region: str, account: str, clock: Clock, *, transport: Transport | None = None
    ) -> None:
        """Ask STS at `endpoint` (https, or this machine in a local stack) about principals of `account`."""
        self._endpoint = endpoint.rstrip("/")
        self._region = region
        self._account = account
        self._clock = clock
        self._http = HttpClient(
            self._endpoint, "sts", transport=transport, read_seconds=5, total_seconds=10, max_bytes=_ANSWER_BYTES
        )

    def confirm(self, url: str, decision: str) -> str:
        """The ARN of anyone who signed `url` for `decision` (see `signing.binding`).

        Raises:
            Refused: ``identity-refused``: not such a URL, too old, for another decision, or AWS does not confirm it;
                ``unavailable``: STS does not answer.
        """
        parameters = self._parameters(url)
        self._check_age(parameters)
        try:
            answer = self._http.request(
                "GET", "/", params=list(parameters.items()), headers={BINDING_HEADER: decision, "Accept": "text/xml"}
            )
        except Transient as error:
            raise Refused("unavailable", f"STS did not answer ({error.reason}); try again") from None
        if answer.status != HTTPStatus.OK:
            if answer.may_pass:
                raise Refused("unavailable", f"STS answered {answer.status}; try again")
            raise _refused(f"AWS does not confirm it for this decision (STS answered {answer.status})")
        return self._arn(answer)

    def _parameters(self, url: str) -> Mapping[str, str]:
        """The query's parameters: just those of a presigned GetCallerIdentity, each once."""
        prefix = f"{self._endpoint}/?"
        if not url.isascii() or not url.isprintable() or not url.startswith(prefix):
            raise _refused(f"expected a URL that begins with {prefix}")
        try:
            pairs = parse_qsl(url.removeprefix(prefix), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
        except ValueError:
            raise _refused("expected a query of name=value pairs") from None
        parameters = dict(pairs)
        expected = {*_FIXED, *_SHAPES}
        if len(parameters) != len(pairs) or parameters.keys() - {_TOKEN} != expected:
            raise _refused(f"expected exactly the parameters {', '.join(sorted(expected))}, and perhaps {_TOKEN}")
        for name, value in _FIXED.items():
            if parameters[name] != value:
                raise _refused(f"{name}: expected {value}")
        for name, shape in {**_SHAPES, _TOKEN: _TOKEN_SHAPE}.items():
            if name in parameters and not shape.fullmatch(parameters[name]):
                raise _refused(f"{name} is not as in a signature of version 4")
        credential = _SHAPES["X-Amz-Credential"].fullmatch(parameters["X-Amz-Credential"])
        if credential is None or credential["region"] != self._region:
            raise _refused(f"expected a signature for the region {self._region}")
        if credential["day"] != parameters["X-Amz-Date"][:8]:
            raise _refused("X-Amz-Credential and X-Amz-Date name different days")
        return parameters

    def _check_age(self, parameters: Mapping[str, str]) -> None:
        if int(parameters["X-Amz-Expires"]) > EXPIRES:
            raise _refused(f"X-Amz-Expires: expected at most {EXPIRES} seconds")
        try:
            signed = datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise _refused("X-Amz-Date is no date") from None
        age = self._clock.now() - signed
        if age > timedelta(seconds=int(parameters["X-Amz-Expires"])):
            raise _refused("it has expired; sign again")
        if age < -_AHEAD:
            raise _refused("it is signed in the future; check this machine's clock")

    def _arn(self, answer: Answer) -> str:
        """The ARN in STS's answer; only a principal of our own account may approve."""
        if b"<!" in answer.body:  # no document type, so no entities
            raise _unreadable()
        try:
            root = ET.fromstring(answer.body)  # noqa: S314 - bounded, and without a document type
        except (ET.ParseError, ValueError, LookupError):  # the last two: an encoding that is unknown
            raise _unreadable() from None
        arns = root.findall(f"{_NAMESPACE}GetCallerIdentityResult/{_NAMESPACE}Arn")
        if root.tag != f"{_NAMESPACE}GetCallerIdentityResponse" or len(arns) != 1:
            raise _unreadable()
        arn = _ARN.fullmatch(arns[0].text or "")
        if arn is None:
            raise _unreadable()
        if arn["account"] != self._account:
            raise _refused(f"expected a principal of the account {self._account}")
        return arn[0]


def _refused(what: str) -> Refused:
    return Refused("identity-refused", f"identity: {what}", field="identity")


def _unreadable() -> Refused:
    return _refused("STS's answer is not the one of GetCallerIdentity")
