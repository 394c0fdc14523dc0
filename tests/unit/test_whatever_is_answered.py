"""No status, header or document makes the clients raise anything outside of the error tree, or read without end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.genesys.client import GenesysClient
from bridge.genesys.token import GenesysAuth
from bridge.okta.client import OktaClient
from bridge.okta.log import EventHooks, SystemLog
from bridge.outbound.http import HttpClient
from bridge.provisioning import scim
from bridge_local.exchange import Request, Response
from bridge_local.script import FixedAuth, NotedPace, StillClock
from bridge_local.transport import ModelTransport

NOW = datetime(2026, 11, 24, 9, 0, 7, tzinfo=UTC)
APP, ADA, TEAM = "0oa1bridge0000000001", "00u1ada0000000000001", "00g1team000000000001"
GENESYS_ADA, GENESYS_TEAM = "a0a0a0a0-0000-4000-8000-000000000001", "c0c0c0c0-0000-4000-8000-000000000003"
CHANGE = [{"op": "replace", "path": "title", "value": "Head"}]
#: No read of these asks more often: a listing that goes on for ever is given up.
MAX_CALLS = 4100


class Parrot:
    """Gives one answer to everything."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer
        self.calls = 0

    def handle(self, _request: Request) -> Response:
        """The answer, again."""
        self.calls += 1
        return self._answer


def okta_of(parrot: Parrot) -> OktaClient:
    """A client of an Okta that says nothing else."""
    http = HttpClient("https://ada.example.com", "okta", transport=ModelTransport(parrot))
    return OktaClient(http, FixedAuth(), APP, StillClock(NOW), pace=lambda _bucket: NotedPace(), doubt=lambda: None)


def genesys_of(parrot: Parrot) -> GenesysClient:
    """A client of a Genesys Cloud that says nothing else."""
    http = HttpClient("https://api.mypurecloud.ie", "genesys", transport=ModelTransport(parrot))
    return GenesysClient(http, FixedAuth(), pace=NotedPace())


def token_of(parrot: Parrot) -> str:
    """The token of a login host that says nothing else."""
    http = HttpClient("https://login.mypurecloud.ie", "genesys", transport=ModelTransport(parrot))
    return GenesysAuth(http, lambda: ("id", "secret"), StillClock(NOW)).header()


def fully(genesys: GenesysClient, genesys_id: str) -> object:
    """A user, and every value of them that a map may write."""
    user = genesys.user(genesys_id)
    return user and [scim.same(path, value, value) for path, value in scim.read_values(user.document, PATHS).items()]


PATHS = scim.PROFILE_PATHS
READS: dict[str, Callable[[Parrot], object]] = {
    "user": lambda parrot: okta_of(parrot).user(ADA),
    "app_user": lambda parrot: (found := okta_of(parrot).app_user(ADA).value) and found.user,
    "app_users": lambda parrot: okta_of(parrot).app_users(20),
    "app_users_page": lambda parrot: okta_of(parrot).app_users_page(),
    "groups_page": lambda parrot: okta_of(parrot).groups_page(),
    "groups_named": lambda parrot: okta_of(parrot).groups_named("Agents"),
    "app": lambda parrot: okta_of(parrot).app(),
    "app_groups": lambda parrot: okta_of(parrot).app_groups(),
    "group": lambda parrot: okta_of(parrot).group(TEAM),
    "group_users": lambda parrot: okta_of(parrot).group_users(TEAM),
    "user_groups": lambda parrot: okta_of(parrot).user_groups(ADA),
    "log": lambda parrot: SystemLog(okta_of(parrot), APP).since(NOW).ends,
    "hooks": lambda parrot: EventHooks(okta_of(parrot)).all(),
    "genesys user": lambda parrot: fully(genesys_of(parrot), GENESYS_ADA),
    "find_users": lambda parrot: genesys_of(parrot).find_users("userName", "ada@example.com"),
    "inactive_users": lambda parrot: list(genesys_of(parrot).inactive_users()),
    "users_page": lambda parrot: genesys_of(parrot).users_page(1, 25, active=True),
    "find_groups": lambda parrot: genesys_of(parrot).find_groups("Team"),
    "genesys group": lambda parrot: genesys_of(parrot).group(GENESYS_TEAM),
    "create_user": lambda parrot: genesys_of(parrot).create_user({"userName": "ada@example.com", "title": "Head"}),
    "patch_user": lambda parrot: genesys_of(parrot).patch_user(GENESYS_ADA, CHANGE, if_match='"1"'),
    "add_members": lambda parrot: genesys_of(parrot).add_members(GENESYS_TEAM, [GENESYS_ADA]),
    "remove_members": lambda parrot: genesys_of(parrot).remove_members(GENESYS_TEAM, [GENESYS_ADA]),
    "token": token_of,
}

ENTERPRISE = scim.ENTERPRISE_USER
OKTA_USER = {
    "id": ADA,
    "status": "ACTIVE",
    "profile": {"login": "ada@example.com", "name": "Team"},
    "lastMembershipUpdated": "2026-11-24T08:00:00.000Z",
    "published": "2026-11-24T08:00:00.000Z",
}
GENESYS_USER = {
    "id": GENESYS_ADA,
    "userName": "ada@example.com",
    "displayName": "Ada",
    "active": True,
    "externalId": ADA,
    "emails": [{"type": "work", "value": "ada@example.com"}],
    "phoneNumbers": [{"type": "mobile", "value": "+353861234567"}],
    "groups": [{"value": GENESYS_TEAM}],
    ENTERPRISE: {"department": "Sales", "manager": {"value": GENESYS_ADA}},
    "meta": {"version": "4"},
}
#: A true answer to each kind of question, to be changed a little.
TRUTHS: list[Any] = [
    OKTA_USER,
    {**OKTA_USER, "_embedded": {"user": OKTA_USER}},
    [OKTA_USER, {**OKTA_USER, "_embedded": {"user": OKTA_USER}}],
    {**OKTA_USER, "id": TEAM},
    {**OKTA_USER, "id": APP},
    GENESYS_USER,
    {"id": GENESYS_TEAM, "displayName": "Team", "members": [{"value": GENESYS_ADA}]},
    {"totalResults": 2, "Resources": [GENESYS_USER]},
    {"errorCode": "E0000007", "errorSummary": "no", "errorId": "x"},
    {
        "message": "Retry in [7] seconds: title Head",
        "code": "bad.request",
        "status": 400,
        "details": [{"fieldName": "title"}],
    },
    {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "detail": "title Head",
        "scimType": "invalidValue",
    },
    {"access_token": "abc", "expires_in": 86400, "token_type": "bearer"},
    {"error": "invalid_client"},
]
ODD_VALUES: list[Any] = [
    None, True, 0, -1, 10**400, 1e308, "", "x", "\ud800", "9" * 400, [], {}, ["a"], [None], {"value": ["a"]}, [[[]]],
]  # fmt: skip
ODD_TEXTS = [
    "", "x", "0", "-1", "9" * 400, "1e999", "NaN", "0x10", "\x7f", '<>; rel="next"', "<?after=1>; rel=next",
    '<https://evil.example.org/>; rel="next"', "<[>; rel=next", '<?after=1>; rel="next", <?after=2>; rel="next"',
    "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Tue, 24 Nov -2300 00:00:00 GMT", "gzip, gzip",
]  # fmt: skip
HEADERS = [
    "Date", "Link", "Retry-After", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "ETag",
    "inin-ratelimit-allowed", "inin-ratelimit-count", "inin-ratelimit-reset", "ININ-Correlation-Id",
    "X-Okta-Request-Id", "Content-Encoding", "Content-Type",
]  # fmt: skip
STATUSES = [200, 201, 202, 204, 206, 302, 304, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 429, 500, 501, 503]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD_VALUES)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted({*OKTA_USER, *GENESYS_USER, "Resources", "value"})), inner, max_size=4)
    ),
    max_leaves=8,
)


def changed(document: Any, chance: random.Random) -> Any:
    """The document with one of its values, at any depth, lost or replaced by an odd one."""
    if chance.random() < 0.3 or not isinstance(document, dict | list) or not document:
        return chance.choice(ODD_VALUES)
    if isinstance(document, list):
        place = chance.randrange(len(document))
        return [changed(each, chance) if at == place else each for at, each in enumerate(document)]
    name = chance.choice(sorted(document))
    if chance.random() < 0.2:
        return {key: value for key, value in document.items() if key != name}
    return {**document, name: changed(document[name], chance)}


def ask(name: str, answer: Response) -> None:
    """Ask, and let only the error tree speak, within a bounded number of calls."""
    parrot = Parrot(answer)
    try:
        READS[name](parrot)
    except BridgeError as error:
        json.dumps(str(error)).encode()
    assert parrot.calls <= MAX_CALLS


@pytest.mark.parametrize("name", sorted(READS))
@given(
    status=st.sampled_from(STATUSES),
    headers=st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(ODD_TEXTS), max_size=4),
    document=documents,
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_document(name: str, status: int, headers: dict[str, str], document: Any) -> None:
    """JSON of any shape, under any status, with any headers."""
    ask(name, Response(status, headers, json.dumps(document).encode()))


@pytest.mark.parametrize("name", sorted(READS))
@given(truth=st.sampled_from(TRUTHS), seed=st.integers(0, 2**32), status=st.sampled_from([200, 200, 201, *STATUSES]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_true_document_with_a_fault(name: str, truth: Any, seed: int, status: int) -> None:
    """One value of an answer as it is documented is lost or odd."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    document = truth
    for _ in range(chance.randrange(3)):
        document = changed(document, chance)
    headers = {chance.choice(HEADERS): chance.choice(ODD_TEXTS) for _ in range(chance.randrange(3))}
    ask(name, Response(status, headers, json.dumps(document).encode()))


@pytest.mark.parametrize("name", sorted(READS))
@given(truth=st.sampled_from(TRUTHS), seed=st.integers(0, 2**32))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_true_bytes_with_a_fault(name: str, truth: Any, seed: int) -> None:
    """Bytes of an answer are changed, lost, doubled or cut."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    body = bytearray(json.dumps(truth).encode())
    for _ in range(1 + chance.randrange(3)):
        at = chance.randrange(len(body) + 1)
        body[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    ask(
        name,
        Response(chance.choice([200, 400, 404, 409]), {}, bytes(body[: chance.choice([len(body), len(body) // 2])])),
    )
