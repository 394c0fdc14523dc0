"""Who approves: what is taken for a proof, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from botocore.credentials import Credentials

from bridge.approvals.identity import Identities
from bridge.approvals.signing import BINDING_HEADER, binding, sign_identity, sts_endpoint
from bridge.operations.answers import Refused
from bridge.outbound.http import ConnectionLost, Transport, WireRequest, WireResponse

REGION, ACCOUNT = "eu-west-1", "123456789012"
ENDPOINT = "https://sts.eu-west-1.amazonaws.com"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/Approvers/ada"
DECISION = binding("bridge-Approvals-1", "approve", "group:00g1", 1, 2, "OPS-17")
CREDENTIALS = Credentials("AKIDEXAMPLE", "secret", "session+token/1==")


def answer(arn: str = ARN) -> str:
    """STS's answer, as its API reference shows it."""
    return f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
 <GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>
 <ResponseMetadata><RequestId>0123</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


class Sts(Transport):
    """Answers as told, and remembers what it was asked."""

    def __init__(self, answer: Callable[[WireRequest], WireResponse]) -> None:
        self.asked: list[WireRequest] = []
        self._answer = answer

    def handle_request(self, request: WireRequest) -> WireResponse:
        """One request."""
        self.asked.append(request)
        return self._answer(request)


#: What the command line sends, and when it was signed.
SIGNED = sign_identity(CREDENTIALS, REGION, DECISION, endpoint=ENDPOINT)
SIGNED_PARAMETERS = dict(parse_qsl(SIGNED.partition("?")[2]))
SIGNED_AT = datetime.strptime(SIGNED_PARAMETERS["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


class Now:
    """The approvals function's clock: seconds after the signature."""

    def __init__(self, after: float = 1.0) -> None:
        self._after = timedelta(seconds=after)

    def now(self) -> datetime:
        """The function's time."""
        return SIGNED_AT + self._after


def changed(**parameters: str | None) -> str:
    """The same URL with other parameters; None leaves one out, an underscore stands for a hyphen."""
    values: dict[str, str | None] = {**SIGNED_PARAMETERS}
    values |= {name.replace("_", "-"): value for name, value in parameters.items()}
    return f"{ENDPOINT}/?{urlencode({name: value for name, value in values.items() if value is not None})}"


def refusal(url: str, sts: Sts | None = None, *, after: float = 1.0) -> Refused:
    """How a URL is refused; STS must not have been asked unless one is given."""
    stub = sts or Sts(lambda _: WireResponse(200, text=answer()))
    with pytest.raises(Refused) as refused:
        Identities(ENDPOINT, REGION, ACCOUNT, Now(after), transport=stub).confirm(url, DECISION)
    assert sts is not None or not stub.asked
    assert "X-Amz-Signature=" not in refused.value.message
    return refused.value


def test_the_arn_that_aws_answers_is_the_approver() -> None:
    """Our own endpoint is asked with the signed parameters and the header that binds them to the decision."""
    sts = Sts(lambda _: WireResponse(200, text=answer()))
    identities = Identities(sts_endpoint(REGION), REGION, ACCOUNT, Now(), transport=sts)
    assert identities.confirm(SIGNED, DECISION) == ARN
    [request] = sts.asked
    assert (request.method, request.url.host, request.url.path) == ("GET", "sts.eu-west-1.amazonaws.com", "/")
    assert request.headers[BINDING_HEADER] == DECISION
    assert dict(request.url.params) == SIGNED_PARAMETERS


def test_a_decision_is_bound_as_a_whole() -> None:
    """Another function, hold, revision, verdict or reason is another decision."""
    one = ("f", "approve", "app", 1, 1, "why")
    others = [
        ("g", "approve", "app", 1, 1, "why"),
        ("f", "reject", "app", 1, 1, "why"),
        ("f", "approve", "group:00g1", 1, 1, "why"),
        ("f", "approve", "app", 11, 1, "why"),
        ("f", "approve", "app", 1, 2, "why"),
        ("f", "approve", "app", 1, 1, "whys"),
    ]
    assert len({binding(*each) for each in [one, *others]}) == 7


@pytest.mark.parametrize(
    "url",
    [
        SIGNED.replace("eu-west-1.amazonaws.com", "us-east-1.amazonaws.com", 1),
        SIGNED.replace("https:", "http:", 1),
        SIGNED.replace("https://", "https://ada@", 1),
        SIGNED.replace("https://sts", "https://sts.eu-west-1.amazonaws.com@sts", 1),
        SIGNED.replace(".com/", ".com:8443/", 1),
        SIGNED.replace(".com/", ".com:443/", 1),
        SIGNED.replace(".com/", ".com.evil.example/", 1),
        SIGNED.replace(".com/", ".com./", 1),
        SIGNED.replace(".com/", ".com\\@evil.example/", 1),
        SIGNED.replace(".com/?", ".com/%2e%2e/?", 1),
        SIGNED.replace(".com/?", ".com//evil.example/?", 1),
        SIGNED.replace("sts.", "\u017fts.", 1),
        SIGNED.replace("https://", "HTTPS://", 1),
        SIGNED + "#fragment",
        SIGNED + "\r\nHost: evil.example",
        "//sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity",
        "file:///etc/passwd",
        f"{ENDPOINT}/",
        f"{ENDPOINT}/?",
        f"{ENDPOINT}/?{'a=b&' * 100}",
        "",
    ],
)
def test_another_place_is_never_asked(url: str) -> None:
    """The URL must begin with the region's own endpoint; nothing of it is followed, whatever a parser makes of it."""
    assert refusal(url).reason == "identity-refused"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Action": "GetSessionToken"}, "Action"),
        ({"Action": "getcalleridentity"}, "Action"),
        ({"Version": "2011-06-16"}, "Version"),
        ({"X_Amz_Algorithm": "AWS4-ECDSA-P256-SHA256"}, "X-Amz-Algorithm"),
        ({"X_Amz_SignedHeaders": "host"}, "X-Amz-SignedHeaders"),
        ({"X_Amz_SignedHeaders": f"host;{BINDING_HEADER};x-other"}, "X-Amz-SignedHeaders"),
        ({"X_Amz_Expires": "301"}, "X-Amz-Expires"),
        ({"X_Amz_Expires": "0"}, "X-Amz-Expires"),
        ({"X_Amz_Expires": "-1"}, "X-Amz-Expires"),
        ({"X_Amz_Date": "20261126T000000+1"}, "X-Amz-Date"),
        ({"X_Amz_Date": "20261399T000000Z", "X_Amz_Credential": f"AKID/20261399/{REGION}/sts/aws4_request"}, "no date"),
        ({"X_Amz_Credential": "AKID/20261126/us-east-1/sts/aws4_request"}, "region"),
        ({"X_Amz_Credential": f"AKID/20201126/{REGION}/sts/aws4_request"}, "different days"),
        ({"X_Amz_Credential": f"AKID/20261126/{REGION}/iam/aws4_request"}, "X-Amz-Credential"),
        ({"X_Amz_Signature": "0" * 63}, "X-Amz-Signature"),
        ({"X_Amz_Security_Token": "a b"}, "X-Amz-Security-Token"),
        ({"X_Amz_Signature": None}, "exactly the parameters"),
        ({"RoleArn": "arn:aws:iam::1:role/x"}, "exactly the parameters"),
        ({"action": "GetCallerIdentity"}, "exactly the parameters"),
    ],
)
def test_only_a_presigned_get_caller_identity_is_taken(parameters: dict[str, str | None], named: str) -> None:
    """Another action, header, algorithm or parameter is refused by name, before anybody is asked."""
    refused = refusal(changed(**parameters))
    assert (refused.reason, refused.field) == ("identity-refused", "identity")
    assert named in refused.message


@pytest.mark.parametrize("more", ["&Action=GetCallerIdentity", "&Action=AssumeRole", "&X-Amz-Expires=1", "&", "&x"])
def test_a_parameter_comes_once(more: str) -> None:
    """Two readers of a query may each take another of two values."""
    assert refusal(SIGNED + more).reason == "identity-refused"


def test_a_signature_grows_old() -> None:
    """After its own time it is refused here, whatever STS would say; a minute of a wrong clock is forgiven."""
    assert "expired" in refusal(SIGNED, after=301).message
    assert "future" in refusal(SIGNED, after=-61).message
    sts = Sts(lambda _: WireResponse(200, text=answer()))
    for after in (300, -60):
        assert Identities(ENDPOINT, REGION, ACCOUNT, Now(after), transport=sts).confirm(SIGNED, DECISION) == ARN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no xml",
        "<GetCallerIdentityResponse/>",
        answer("").replace("https://sts.amazonaws.com/doc/2011-06-15/", "https://other.example/"),
        answer("arn:aws:iam::1:user/ada"),
        answer("not an arn"),
        answer(f"{ARN}\nname"),
        answer("&amp;lt;"),
        answer().replace("<Arn>", f"<Arn>{ARN}</Arn><Arn>"),
        answer().replace("GetCallerIdentityResponse", "AssumeRoleResponse"),
        f'<!DOCTYPE x [<!ENTITY a "{ARN}">]>' + answer("&a;"),
        '<?xml version="1.0" encoding="no-such"?>' + answer(),
        "<Arn>" * 2000,
    ],
)
def test_an_odd_answer_confirms_nobody(body: str) -> None:
    """Another document, a second ARN, something that is no ARN, an entity."""
    refused = refusal(SIGNED, Sts(lambda _: WireResponse(200, text=body)))
    assert refused.reason == "identity-refused"


def test_a_principal_of_another_account_does_not_approve() -> None:
    """Anybody can open an account and give a role there whatever name they like."""
    other = "arn:aws:sts::999999999999:assumed-role/Approvers/ada"
    refused = refusal(SIGNED, Sts(lambda _: WireResponse(200, text=answer(other))))
    assert "account 123456789012" in refused.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "identity-refused"), (400, "identity-refused"), (302, "unavailable"), (503, "unavailable")],
)
def test_what_sts_refuses_is_no_identity(status: int, reason: str) -> None:
    """One for another decision is a 403 at AWS, a failure there is worth another try, no redirect is followed."""
    sts = Sts(lambda _: WireResponse(status, headers={"location": "https://evil.example/"}, text=answer()))
    assert refusal(SIGNED, sts).reason == reason
    assert len(sts.asked) == 1


def test_an_answer_that_does_not_come_or_end_is_worth_another_try() -> None:
    """The connection is lost, or the answer is too large."""

    def lost(_: WireRequest) -> WireResponse:
        raise ConnectionLost("reset")

    assert refusal(SIGNED, Sts(lost)).reason == "unavailable"
    assert refusal(SIGNED, Sts(lambda _: WireResponse(200, text=answer() + " " * 20_000))).reason == "unavailable"
