"""The real clients against the models of Okta and Genesys Cloud, with both answers of what is not known for sure."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from bridge.errors import (
    AuthFailure,
    Permanent,
    ResourceNotFound,
    Transient,
    UserNameTaken,
    VersionConflict,
)
from bridge.genesys.client import GenesysClient
from bridge.genesys.token import GenesysAuth
from bridge.okta.auth import OAuthAuth, SswsAuth, kms_signer
from bridge.okta.client import OktaClient
from bridge.outbound.http import Auth, HttpClient
from bridge_local.faults import Effect, Fault, cut, html, late, lost
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import UNLIMITED, WORKFORCE, OktaModel, OktaSwitches
from bridge_local.okta import faults as okta_faults
from bridge_local.script import NotedPace, StillClock
from bridge_local.transport import ModelTransport

ORG, TOKEN = "https://example.okta.com", "made-up-token"
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SCOPES = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read"]


class Okta:
    """An Okta org and a client of it."""

    def __init__(self, *, auth: Auth | None = None, **switches: Any) -> None:
        self.clock = StillClock(START)
        self.switches = OktaSwitches(**{"rate_limits": UNLIMITED, **switches})
        rng = random.Random(7)  # noqa: S311 - repeatable on purpose
        self.model = OktaModel(self.clock.now, rng, self.switches, org_url=ORG, api_token=TOKEN)
        self.http = HttpClient(ORG, "okta", transport=ModelTransport(self.model))
        self.paces: dict[str, NotedPace] = {}
        self.client = self.client_with(auth or SswsAuth(lambda: TOKEN))

    def client_with(self, auth: Auth) -> OktaClient:
        """A client with another credential."""
        return OktaClient(
            self.http,
            auth,
            self.model.app_id,
            self.clock,
            pace=lambda bucket: self.paces.setdefault(bucket, NotedPace()),
        )

    def people(self, count: int) -> list[str]:
        """Ids of so many active users."""
        with self.model.quietly():
            return [self.model.create_user({"login": f"person{number}@example.com"}) for number in range(count)]

    def fault(self, match: str, effect: Effect, count: int | None = None) -> None:
        """Let something go wrong."""
        self.model.faults.add(Fault(match, effect, count=count))


def test_every_read_of_an_org_equals_the_org() -> None:
    """Users, assignments, application, groups and members come back as the org has them, in Okta's own time."""
    okta = Okta(clock_offset=-90.0)
    ada, ben = okta.people(2)
    team = okta.model.create_group("Team")
    okta.model.add_members(team, [ada, ben])
    okta.model.assign_user(ada)
    staff = okta.model.create_group("Staff")
    okta.model.assign_group(staff)
    user = okta.client.user(ada)
    assert user.value is not None
    assert (user.value.status, user.value.document["profile"]["login"]) == ("ACTIVE", "person0@example.com")
    assert user.date == START - timedelta(seconds=90)
    assignment = okta.client.app_user(ada)
    assert assignment.value is not None
    assert assignment.value.document["_embedded"]["user"]["id"] == ada
    assert okta.client.app_user(ben).value is None
    assert okta.client.app().value == "ACTIVE"
    assert okta.client.app_groups().value == frozenset({staff})
    group = okta.client.group(team)
    assert group.value is not None
    assert (group.value.id, group.value.name) == (team, "Team")
    assert group.value.last_membership_updated == START - timedelta(seconds=90)
    assert okta.client.group_users(team).value == frozenset({ada, ben})
    groups = okta.client.user_groups(ada).value
    assert groups is not None
    assert team in {each.id for each in groups}
    everybody = okta.client.app_users(1).value
    assert everybody is not None
    assert set(everybody) == {ada}


@pytest.mark.parametrize("name", ["user", "app_user", "group", "group_users", "user_groups"])
def test_what_the_org_does_not_know_is_no_value(name: str) -> None:
    """A deleted or unknown id is 404 E0000007: no value, with a date."""
    okta = Okta()
    read = getattr(okta.client, name)("00gUnknown0000000001")
    assert (read.value, read.date) == (None, START)


@pytest.mark.parametrize("name", ["app", "app_groups"])
def test_a_deleted_application_is_an_auth_failure(name: str) -> None:
    """Nobody is unassigned because the application cannot be seen."""
    okta = Okta()
    okta.model.deactivate_app()
    assert okta.client.app().value == "INACTIVE"
    okta.model.delete_app()
    with pytest.raises(AuthFailure, match=r"^okta-app-404 E0000007$"):
        getattr(okta.client, name)()
    with pytest.raises(AuthFailure):
        okta.client.app_users(9)


@pytest.fixture(scope="module")
def crowd() -> tuple[Okta, str, list[str]]:
    """An org with one group of 1,001 people, 501 of whom are assigned to the application."""
    okta = Okta()
    people = okta.people(1001)
    group = okta.model.create_group("Crowd")
    okta.model.add_members(group, people)
    for person in people[:501]:
        okta.model.assign_user(person)
    return okta, group, people


@pytest.mark.parametrize("host_links", [False, True])
def test_long_listings_are_read_to_their_end(crowd: tuple[Okta, str, list[str]], host_links: bool) -> None:
    """Two pages of each listing, whether links name the org or the request's host; too many pages give no value."""
    okta, group, people = crowd
    okta.switches.host_links = host_links
    assert okta.client.group_users(group).value == frozenset(people)
    assigned = okta.client.app_users(2).value
    assert assigned is not None
    assert set(assigned) == set(people[:501])
    assert okta.client.app_users(1).value is None


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (okta_faults.refused(500), "okta-500"),
        (okta_faults.refused(503), "okta-503"),
        (okta_faults.rate_limited(), "okta-429"),
        (okta_faults.refused(403), "okta-403"),
        (okta_faults.refused(404), "okta-404-unexplained"),
        (cut(), "okta-connection"),
        (html(), "okta-not-json"),
        (late(11), "okta-timeout"),
    ],
)
def test_a_fault_on_the_second_page_fails_the_listing(
    crowd: tuple[Okta, str, list[str]], effect: Effect, reason: str
) -> None:
    """Whatever happens on the way, half a group is never taken for the group."""
    okta, group, _ = crowd
    okta.fault("after=", effect)
    try:
        with pytest.raises(Transient) as caught:
            okta.client.group_users(group)
        assert caught.value.reason == reason
    finally:
        okta.model.faults.clear()


def test_one_cut_connection_costs_nothing(crowd: tuple[Okta, str, list[str]]) -> None:
    """The quick retry carries a listing over one dead connection."""
    okta, group, people = crowd
    okta.fault("after=", cut(), count=1)
    assert okta.client.group_users(group).value == frozenset(people)


def test_links_of_another_host_are_not_followed() -> None:
    """An org that names another host in its links (a custom domain) is not followed there."""
    okta = Okta(host_links=False)
    okta.model.org_url = "https://login.example.org"
    group = okta.model.create_group("Crowd")
    okta.model.add_members(group, okta.people(1001))
    with pytest.raises(Transient, match=r"^okta-implausible a next link: another origin$"):
        okta.client.group_users(group)


def test_the_bucket_runs_dry_and_fills_again() -> None:
    """The 51st read of assignments in a minute waits until the reset of Okta's clock, after which reads go on."""
    okta = Okta(rate_limits=WORKFORCE, clock_offset=-300.0)
    (ada,) = okta.people(1)
    for _ in range(50):
        okta.client.app_user(ada)
    with pytest.raises(Transient) as caught:
        okta.client.app_user(ada)
    assert caught.value.reason == "okta-429"
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60
    limit, remaining, _ = okta.paces["apps"].observed[49]
    assert (limit, remaining) == (50, 0)
    okta.clock.advance(caught.value.retry_after)
    assert okta.client.app_user(ada).value is None


def test_the_concurrency_limit_teaches_no_budget() -> None:
    """429 with a limit of 0 waits, and leaves the bucket as it was."""
    okta = Okta()
    okta.fault("/users/", okta_faults.concurrency_limited())
    with pytest.raises(Transient, match=r"^okta-429$"):
        okta.client.user("00uUnknown0000000001")
    assert okta.paces["user"].observed == []


def test_a_wrong_api_token_is_an_auth_failure() -> None:
    """401 with an SSWS token has no second try."""
    okta = Okta(auth=SswsAuth(lambda: "another-token"))
    with pytest.raises(AuthFailure, match=r"^okta-401 E0000011$"):
        okta.client.app()


@dataclass
class Service:
    """An org whose service app signs with a key of AWS KMS."""

    okta: Okta
    key_id: str
    client: OktaClient


@pytest.fixture
def service() -> Iterator[Service]:
    """The key is made in moto's KMS; Okta knows its public half only."""
    with mock_aws():
        kms = boto3.client("kms", region_name="eu-central-1")
        key_id = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
        public = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
        assert isinstance(public, RSAPublicKey)
        numbers = public.public_numbers()
        jwk = {"kty": "RSA", "kid": key_id, "n": _number(numbers.n), "e": _number(numbers.e)}
        okta = Okta()
        okta.model.register_client("0oaServiceApp0000001", [jwk], SCOPES)
        auth = OAuthAuth(okta.http, lambda: "0oaServiceApp0000001", kms_signer(kms, key_id), key_id, okta.clock)
        yield Service(okta, key_id, okta.client_with(auth))


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_service_app_reads_with_a_key_of_kms(service: Service) -> None:
    """Okta accepts the assertion and the token; the token is renewed when Okta or time has ended it."""
    assert service.client.app().value == "ACTIVE"
    service.okta.model.oauth.revoke_tokens()
    assert service.client.app().value == "ACTIVE"
    service.okta.clock.advance(3600)
    assert service.client.app().value == "ACTIVE"


def test_a_service_app_that_demands_dpop_names_the_switch(service: Service) -> None:
    """The error of a new app's default says what to untick."""
    service.okta.switches.require_dpop = True
    with pytest.raises(AuthFailure, match="Require Demonstrating Proof of Possession"):
        service.client.app()


def test_a_service_app_without_scopes_or_role_is_an_auth_failure(service: Service) -> None:
    """Scopes not granted refuse the token, a missing role refuses the call; both heal when somebody acts."""
    service.okta.switches.role_missing = True
    with pytest.raises(AuthFailure, match=r"^okta-403 E0000006$"):
        service.client.app()
    service.okta.switches.role_missing = False
    assert service.client.app().value == "ACTIVE"
    service.okta.model.oauth.clients["0oaServiceApp0000001"].scopes = frozenset({"okta.users.read"})
    service.okta.model.oauth.revoke_tokens()
    with pytest.raises(AuthFailure, match=r"^okta-token-400 invalid_scope$"):
        service.client.app()


# ------------------------------------------------------------------------------------------- Genesys Cloud


class Genesys:
    """A Genesys Cloud organisation and a client of it."""

    def __init__(self, *, secret: str = "genesys-secret", **switches: Any) -> None:
        self.clock = StillClock(START)
        self.switches = GenesysSwitches(**{"token_per_minute": 100_000, "client_per_minute": None, **switches})
        self.model = GenesysModel(self.clock.now, random.Random(7), self.switches)  # noqa: S311 - repeatable on purpose
        transport = ModelTransport(self.model)
        login = HttpClient("https://login.mypurecloud.com", "genesys", transport=transport)
        self.auth = GenesysAuth(login, lambda: ("genesys-client", secret), self.clock)
        self.pace = NotedPace()
        self.records: list[str] = []
        self.client = GenesysClient(
            HttpClient("https://api.mypurecloud.com", "genesys", transport=transport),
            self.auth,
            pace=self.pace,
            record=self.records.append,
        )

    def person(self, number: int = 0, **more: Any) -> str:
        """The id of a user made by hand."""
        name = f"person{number}@example.com"
        return self.model.add_user({"userName": name, "displayName": f"Person {number}", **more})


ADA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ada.brook@example.com",
    "displayName": "Ada Brook",
    "externalId": "00u1ada0000000000001",
    "active": True,
}
TITLE = [{"op": "replace", "path": "title", "value": "Engineer"}]


def test_a_user_is_created_found_changed_and_deactivated() -> None:
    """The life of a user through the client, each step seen in the organisation."""
    genesys = Genesys()
    made = genesys.client.create_user(ADA)
    assert (made.user_name, made.active, made.external_id) == ("ada.brook@example.com", True, "00u1ada0000000000001")
    assert [user.id for user in genesys.client.find_users("userName", "Ada.Brook@example.com")] == [made.id]
    assert [user.id for user in genesys.client.find_users("externalId", "00u1ada0000000000001")] == [made.id]
    changed = genesys.client.patch_user(made.id, TITLE, if_match=made.version)
    assert changed.document["title"] == "Engineer"
    read = genesys.client.user(made.id)
    assert read is not None
    assert (read.version, read.id) == (changed.version, made.id)
    off = genesys.client.patch_user(made.id, [{"op": "replace", "path": "active", "value": False}])
    assert off.active is False
    assert [user.external_id for user in genesys.client.inactive_users()] == ["00u1ada0000000000001"]


@pytest.mark.parametrize("form", ["400", "409", "412"])
@pytest.mark.parametrize("scim_400", [True, False])
def test_a_stale_version_is_a_conflict(form: Literal["400", "409", "412"], scim_400: bool) -> None:
    """All three documented forms of the refusal are understood."""
    genesys = Genesys(version_conflict=form, scim_400=scim_400)
    made = genesys.client.create_user(ADA)
    genesys.model.edit_user(made.id, {"title": "Changed by hand"})
    with pytest.raises(VersionConflict):
        genesys.client.patch_user(made.id, TITLE, if_match=made.version)


@pytest.mark.parametrize("typed", [True, False])
def test_a_taken_user_name_is_told_on_create_and_on_change(typed: bool) -> None:
    """409 means the same with and without scimType uniqueness, on POST and on a PATCH of userName."""
    genesys = Genesys(uniqueness_type=typed)
    made = genesys.client.create_user(ADA)
    other = genesys.person()
    with pytest.raises(UserNameTaken):
        genesys.client.create_user({**ADA, "externalId": "00u1other00000000001"})
    with pytest.raises(UserNameTaken):
        genesys.client.patch_user(other, [{"op": "replace", "path": "userName", "value": made.user_name}])


@pytest.mark.parametrize("refused", [True, False])
def test_inactive_users_are_read_whatever_their_number(refused: bool) -> None:
    """Sixty inactive users come in three pages that keep under the limit of expensive lookups."""
    genesys = Genesys(expensive_lists_refused=refused)
    asleep = {genesys.person(number, active=False) for number in range(60)}
    genesys.person(99)
    assert {user.id for user in genesys.client.inactive_users()} == asleep
    assert genesys.records == ["GET users?filter=active 200"] * 3


@pytest.mark.parametrize("found", [True, False])
def test_an_inactive_user_is_found_one_way_or_the_other(found: bool) -> None:
    """Whether or not a search by userName shows inactive users, the list of inactive users does."""
    genesys = Genesys(finds_inactive=found)
    asleep = genesys.person(active=False)
    assert [user.id for user in genesys.client.find_users("userName", "person0@example.com")] == [asleep] * found
    assert [user.id for user in genesys.client.inactive_users()] == [asleep]


def test_a_deleted_user_is_absent() -> None:
    """A deleted user is None by id, and 404 on a PATCH."""
    genesys = Genesys(deleted_by_id="404")
    gone = genesys.person()
    genesys.model.delete_user(gone)
    assert genesys.client.user(gone) is None
    with pytest.raises(ResourceNotFound):
        genesys.client.patch_user(gone, TITLE)


@pytest.mark.parametrize("answer", ["restored-201", "restored-200", "new"])
def test_a_deleted_user_name_can_be_created_again(answer: Literal["restored-201", "restored-200", "new"]) -> None:
    """200 and 201 are both a creation, whether the old user comes back or a new one is made."""
    genesys = Genesys(deleted_user_name=answer)
    gone = genesys.client.create_user(ADA)
    genesys.model.delete_user(gone.id)
    assert (genesys.client.create_user(ADA).id == gone.id) is (answer != "new")


@pytest.mark.parametrize("shown", [True, False])
def test_members_are_added_and_removed(shown: bool) -> None:
    """Members change as asked; the answer's members are given where it has them."""
    genesys = Genesys(patch_shows_members=shown)
    group = genesys.model.add_group("Team")
    people = [genesys.person(number) for number in range(50)]
    assert [found.id for found in genesys.client.find_groups("TEAM")] == [group]
    assert genesys.client.find_groups("Te") == []
    assert genesys.client.add_members(group, people).members == (frozenset(people) if shown else None)
    assert genesys.client.remove_members(group, people[:20]).members == (frozenset(people[20:]) if shown else None)
    read = genesys.client.group(group)
    assert read is not None
    assert read.members == frozenset(people[20:])
    assert genesys.client.group(people[0]) is None


@pytest.mark.parametrize("answer", ["400", "409"])
def test_the_guard_of_removals_is_permanent(answer: Literal["400", "409"]) -> None:
    """One removal more than the guard allows is refused as a whole, however Genesys Cloud says so."""
    genesys = Genesys(removal_guard=10, removal_guard_answer=answer)
    group = genesys.model.add_group("Team")
    people = [genesys.person(number) for number in range(11)]
    genesys.client.add_members(group, people)
    with pytest.raises(Permanent, match=rf"^genesys-{answer}"):
        genesys.client.remove_members(group, people)
    left = genesys.client.remove_members(group, people[:10])
    assert left.members == frozenset(people[10:])


@pytest.mark.parametrize("scim_400", [True, False])
def test_an_unknown_member_is_permanent(scim_400: bool) -> None:
    """A 400 about one member is permanent, in either shape: the caller halves its list."""
    genesys = Genesys(unknown_member="400", scim_400=scim_400)
    group = genesys.model.add_group("Team")
    with pytest.raises(Permanent, match=r"^genesys-400"):
        genesys.client.add_members(group, ["a0a0a0a0-0000-4000-8000-000000000001"])


def test_tokens_are_fetched_once_and_renewed_when_they_die() -> None:
    """One token serves all calls until it is revoked, has idled too long, or is about to expire."""
    genesys = Genesys(token_idle=900, token_lifetime=2900)

    def fetched() -> int:
        return sum(call.path == "/oauth/token" for call in genesys.model.calls)

    genesys.client.probe()
    genesys.client.probe()
    assert fetched() == 1
    genesys.model.revoke_tokens()
    genesys.client.probe()
    assert fetched() == 2
    genesys.clock.advance(901)
    genesys.client.probe()
    assert fetched() == 3
    for _ in range(3):
        genesys.clock.advance(899)
        genesys.client.probe()
    assert fetched() == 4
    assert [call.status for call in genesys.model.calls].count(401) == 2


def test_a_wrong_secret_is_an_auth_failure() -> None:
    """The login host's refusal stops everything until somebody acts."""
    genesys = Genesys(secret="another")
    with pytest.raises(AuthFailure, match=r"^genesys-token-401 invalid_client$"):
        genesys.client.probe()


def test_the_login_hosts_rate_limit_is_transient() -> None:
    """400 "rate limit exceeded" is waited for."""
    genesys = Genesys(token_requests_per_minute=0)
    with pytest.raises(Transient, match=r"^genesys-token-rate-limited$") as caught:
        genesys.client.probe()
    assert not isinstance(caught.value, AuthFailure)
    genesys.switches.token_requests_per_minute = 1
    genesys.clock.advance(60)
    genesys.client.probe()


@pytest.mark.parametrize("code", ["missing.permissions", "missing.any.permissions"])
def test_a_role_taken_away_is_an_auth_failure(code: Literal["missing.permissions", "missing.any.permissions"]) -> None:
    """403 on every write, with the permissions that it names, until the role is given back."""
    genesys = Genesys(missing_permission_code=code)
    genesys.model.take_role()
    with pytest.raises(AuthFailure, match=rf"^genesys-403 {code} .*directory:user:add"):
        genesys.client.create_user(ADA)
    genesys.model.give_role()
    assert genesys.client.create_user(ADA).active


@pytest.mark.parametrize("header", [True, False])
def test_the_rate_limit_is_waited_for(header: bool) -> None:
    """With and without Retry-After the wait leads into the next window; the pace has seen the limit come."""
    genesys = Genesys(token_per_minute=2, retry_after=header)
    genesys.clock.advance(15)
    genesys.client.probe()
    genesys.client.probe()
    with pytest.raises(Transient) as caught:
        genesys.client.probe()
    assert (caught.value.reason, caught.value.retry_after) == ("genesys-429", 45)
    assert caught.value.reference
    assert [seen[:2] for seen in genesys.pace.observed] == [(2, 1), (2, 0), (2, 0)]
    genesys.clock.advance(45)
    genesys.client.probe()


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (cut(), "genesys-connection"),
        (lost(), "genesys-connection"),
        (genesys_faults.refused(500), "genesys-500"),
        (genesys_faults.refused(503), "genesys-503"),
        (genesys_faults.rate_limited(20), "genesys-429"),
        (late(11), "genesys-timeout"),
    ],
)
def test_an_outage_is_transient(effect: Effect, reason: str) -> None:
    """Every fault of the road is transient and leaves a record; a write is sent only once."""
    genesys = Genesys()
    genesys.client.probe()
    genesys.model.faults.add(Fault("", effect))
    before = len(genesys.model.calls)
    with pytest.raises(Transient) as caught:
        genesys.client.create_user(ADA)
    assert (caught.value.reason, len(genesys.model.calls) - before) == (reason, 1)
    assert genesys.records[-1].startswith("POST users ")


def test_a_creation_whose_answer_was_lost_is_found() -> None:
    """After a lost answer the user is there, and a search by externalId shows it."""
    genesys = Genesys()
    genesys.model.faults.add(Fault("POST .*/users", lost()))
    with pytest.raises(Transient):
        genesys.client.create_user(ADA)
    (found,) = genesys.client.find_users("externalId", ADA["externalId"])  # type: ignore[arg-type] # a string there
    assert found.user_name == ADA["userName"]
