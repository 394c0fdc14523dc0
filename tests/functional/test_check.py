"""``bridge check`` over the real function and both models: each thing that is wrong is one fault, with its name."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from bridge import __version__
from bridge.errors import SettingsError, Transient
from bridge.mapping.attribute_map import AttributeMap
from bridge.okta.events import HOOK_TYPES
from bridge.operations.answers import Refused
from bridge.operations.checklist import CHECKS
from bridge.outbound.http import Transport, WireRequest, WireResponse
from bridge_local import ROOT
from bridge_local.exchange import Request
from bridge_local.faults import Fault, bare
from bridge_local.okta.faults import refused as refused_by_okta
from tests.stages.cli_office import Office
from tests.stages.cli_stage import OUTPUTS, READERS, FakeAws
from tests.stages.jwt_key import public_jwk
from tests.stages.operations_stage import Stage
from tests.world import HOOK_URL

CLIENT_ID, KEY_ID = "0oaServiceApp0000001", "11111111-2222-3333-4444-555555555555"
SCOPES = ("okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read", "okta.eventHooks.read")
#: A role that reads everything but the System Log.
NO_LOG = Fault("GET /api/v1/logs", refused_by_okta(403, "E0000006"))
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


@lru_cache
def key() -> rsa.RSAPrivateKey:
    """One key for all tests: making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk() -> dict[str, str]:
    """Its public half as the service app has it."""
    return public_jwk(key().public_key(), KEY_ID)


@dataclass
class Receiver(Transport):
    """What answers at the hook's URL."""

    status: int = 401

    def handle_request(self, request: WireRequest) -> WireResponse:
        """The status, to a challenge without a secret."""
        assert str(request.url) == HOOK_URL
        assert "authorization" not in request.headers
        return WireResponse(self.status)


@dataclass
class Account(FakeAws):
    """AWS with a quota and a topic."""

    concurrency: int = 1000
    confirmed: int = 1
    pending: int = 0
    refused: set[str] = field(default_factory=set)

    def get_account_settings(self) -> dict[str, Any]:
        """Lambda's answer."""
        self._refuse("lambda")
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.concurrency}}

    def get_topic_attributes(self, *, TopicArn: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """SNS's answer."""
        self._refuse("sns")
        assert TopicArn == TOPIC
        return {
            "Attributes": {"SubscriptionsConfirmed": str(self.confirmed), "SubscriptionsPending": str(self.pending)}
        }

    def _refuse(self, service: str) -> None:
        if service in self.refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "any")


class Bench:
    """A company that is set up well, and things that go wrong."""

    def __init__(self, *, oauth: bool = False) -> None:
        sign: Callable[[bytes], bytes] | None = None
        variables: dict[str, str] = {}
        if oauth:
            variables = {"OKTA_AUTH": "oauth", "OKTA_CLIENT_ID": CLIENT_ID, "OKTA_KMS_KEY_ID": KEY_ID}
            sign = lambda message: key().sign(message, padding.PKCS1v15(), SHA256())  # noqa: E731 - only here
        self.receiver = Receiver()
        self.office = Office(stage=Stage(variables=variables, sign=sign), network=self.receiver)
        self.stage = self.office.stage
        self.world = self.stage.world
        self.account = Account(
            self.office.aws.functions, outputs={**OUTPUTS, "HookUrl": HOOK_URL, "AlarmTopicArn": TOPIC}
        )
        self.office.aws = self.account
        if oauth:
            self.world.okta.register_client(CLIENT_ID, [jwk()], SCOPES)
        self.world.okta.set_challenge(_echo)
        people = self.world.provisioned(2)
        self.group = self.world.linked_group("Support", people)
        self.hook = self.make_hook(sorted(HOOK_TYPES))

    def make_hook(self, types: list[str], url: str = HOOK_URL) -> str:
        """Make and verify an event hook; its id."""
        config = {"uri": url, "authScheme": {"type": "HEADER", "key": "Authorization", "value": "hook"}}
        document = {
            "name": "Bridge",
            "events": {"type": "EVENT_TYPE", "items": types},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": config},
        }
        hook_id = self.okta("POST", "eventHooks", document)["id"]
        self.okta("POST", f"eventHooks/{hook_id}/lifecycle/verify")
        return str(hook_id)

    def deploy(self, **variables: str) -> None:
        """Other settings, and new processes."""
        self.stage.variables.update(variables)
        self.stage.restart()
        operations = self.stage.operations
        self.account.functions[READERS] = lambda payload: operations.handle(payload, reader=True)

    def okta(self, method: str, path: str, document: Any = None) -> Any:
        """A call of an administrator."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"authorization": "SSWS okta-token"}
        answer = self.world.okta.handle(Request.of(method, f"/api/v1/{path}", headers, body))
        assert answer.status < 300, answer.body
        return json.loads(answer.body or b"{}")

    def checks(self, code: int) -> dict[str, dict[str, str]]:
        """Every check by id."""
        checks = json.loads(self.office.bridge("check --json", code=code).out)["checks"]
        assert all(each.keys() == {"id", "state", "because", "do"} for each in checks)
        return {each["id"]: each for each in checks}

    def fault(self) -> str:
        """The one check that fails; whatever is skipped depends on one that is not ok, and says which."""
        checks = self.checks(1)
        failed = [name for name, each in checks.items() if each["state"] == "fail"]
        for name, each in checks.items():
            if each["state"] == "skipped":
                needed = each["because"].removeprefix("needs ")
                assert checks[needed]["state"] in {"fail", "unknown"}, (name, each)
        assert len(failed) == 1, [checks[name] for name in failed]
        assert checks[failed[0]]["do"]
        return failed[0]


def _echo(url: str, headers: Any, _timeout: float) -> tuple[int, bytes]:
    assert url
    return 200, b'{"verification": "%s"}' % headers["X-Okta-Verification-Challenge"].encode()


Break = Callable[[Bench], object]


@pytest.mark.parametrize("oauth", [False, True])
def test_a_bridge_that_is_set_up_well_has_no_fault(oauth: bool) -> None:
    """With an API token and with a service app: every check is there, and none failed or was skipped."""
    bench = Bench(oauth=oauth)
    checks = bench.checks(0)
    assert list(checks) == list(CHECKS)
    assert {each["state"] for each in checks.values()} == {"ok", "unknown"}
    assert [name for name, each in checks.items() if each["state"] == "unknown"] == ["genesys.writes"]
    assert checks["app.users"]["because"] == "2 assigned"


def scope(name: str) -> Break:
    """A scope that was never granted."""
    granted = [each for each in SCOPES if each != f"okta.{name}.read"]
    return lambda bench: bench.world.okta.register_client(CLIENT_ID, [jwk()], granted)


def dpop(error: str) -> Break:
    """The service app asks for DPoP, in one of Okta's two ways."""

    def ask(bench: Bench) -> None:
        bench.world.okta.switches.require_dpop = True
        bench.world.okta.switches.dpop_error = error  # type: ignore[assignment] # one of both

    return ask


def hook(change: Callable[[dict[str, Any]], object]) -> Break:
    """The hook is put with a change, and verified."""

    def put(bench: Bench) -> None:
        document = bench.okta("GET", f"eventHooks/{bench.hook}")
        change(document)
        bench.okta("PUT", f"eventHooks/{bench.hook}", document)
        bench.okta("POST", f"eventHooks/{bench.hook}/lifecycle/verify")

    return put


FAULTS: list[tuple[str, bool, Break]] = [
    ("okta.dpop", True, dpop("use_dpop_nonce")),
    ("okta.dpop", True, dpop("invalid_dpop_proof")),
    *((f"okta.scope.{name}", True, scope(name)) for name in ("users", "groups", "apps", "logs", "eventHooks")),
    ("okta.token", True, lambda bench: bench.world.okta.register_client(CLIENT_ID, [], SCOPES)),
    ("okta.token", False, lambda bench: bench.stage.secrets.values.update(okta_token="another")),
    ("okta.role", True, lambda bench: setattr(bench.world.okta.switches, "role_missing", True)),
    ("okta.role", False, lambda bench: setattr(bench.world.okta.switches, "role_missing", True)),
    ("okta.log", False, lambda bench: bench.world.okta.faults.add(NO_LOG)),
    ("okta.log", True, lambda bench: bench.world.okta.faults.add(NO_LOG)),
    ("okta.clock", False, lambda bench: setattr(bench.world.okta.switches, "clock_offset", 400.0)),
    ("okta.clock", True, lambda bench: setattr(bench.world.okta.switches, "clock_offset", -7200.0)),
    ("app.found", False, lambda bench: bench.deploy(OKTA_APP_ID="0oaAnother0000000001")),
    ("app.active", False, lambda bench: bench.world.okta.deactivate_app()),
    ("app.provisioning", False, lambda bench: bench.world.okta.provision_natively("PUSH_NEW_USERS")),
    ("app.push", False, lambda bench: bench.world.okta.provision_natively(pushed=(bench.group[0],))),
    ("hook.url", False, hook(lambda hook: hook["channel"]["config"].update(uri="https://other.example.com/x"))),
    ("hook.active", False, lambda bench: bench.okta("POST", f"eventHooks/{bench.hook}/lifecycle/deactivate")),
    ("hook.types", False, hook(lambda hook: hook["events"]["items"].remove("user.lifecycle.deactivate"))),
    ("hook.types", False, hook(lambda hook: hook["events"]["items"].append("user.session.start"))),
    ("hook.receiver", False, lambda bench: setattr(bench.receiver, "status", 500)),
    ("hook.receiver", False, lambda bench: setattr(bench.receiver, "status", 200)),
    ("secret.value", False, lambda bench: bench.stage.secrets.values.clear()),
    ("secret.value", True, lambda bench: bench.stage.secrets.values.clear()),
    ("secret.hook", False, lambda bench: bench.stage.secrets.values.pop("hook_secret")),
    ("secret.okta", False, lambda bench: bench.stage.secrets.values.pop("okta_token")),
    ("secret.genesys", False, lambda bench: bench.stage.secrets.values.pop("genesys_client_secret")),
    ("genesys.token", False, lambda bench: bench.stage.secrets.values.update(genesys_client_secret="another")),
    ("genesys.role", False, lambda bench: bench.world.genesys.take_role()),
    ("genesys.role", False, lambda bench: bench.world.genesys.permissions.discard("directory:group:edit")),
    ("groups.double", False, lambda bench: bench.world.genesys.add_group("support")),
    ("aws.topic", False, lambda bench: vars(bench.account).update(confirmed=0, pending=1)),
    ("aws.topic", False, lambda bench: vars(bench.account).update(confirmed=0)),
    ("aws.concurrency", False, lambda bench: setattr(bench.account, "concurrency", 10)),
    ("bridge.clock", False, lambda bench: bench.account.functions.update({READERS: late(bench)})),
]


def late(bench: Bench) -> Callable[[Any], Any]:
    """The function, whose clock is an hour ahead of this machine."""
    function = bench.account.functions[READERS]

    def answer(payload: Any) -> Any:
        document = function(payload)
        at = bench.world.clock.now() + timedelta(hours=1)
        return {**document, "at": at.isoformat()}

    return answer


@pytest.mark.parametrize(("check", "oauth", "breaks"), FAULTS)
def test_each_fault_is_one_fail(check: str, oauth: bool, breaks: Break) -> None:
    """Nothing else fails, and what is skipped says because of which check."""
    bench = Bench(oauth=oauth)
    breaks(bench)
    assert bench.fault() == check


def test_a_table_or_queues_out_of_reach_are_one_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the table nobody is called: it has the budgets."""

    def unavailable(*_given: object, **_named: object) -> Any:
        raise Transient("unavailable", upstream="aws")

    bench = Bench()
    checks = bench.stage.operations.checks
    monkeypatch.setattr(type(checks._status), "depths", unavailable)
    assert bench.fault() == "aws.queues"
    monkeypatch.undo()
    monkeypatch.setattr(type(bench.world.store), "app", unavailable)
    monkeypatch.setattr(type(bench.world.store), "groups", unavailable)
    assert bench.fault() == "aws.tables"


def test_an_unverified_hook_is_one_fail() -> None:
    """A changed secret makes it so, until somebody verifies it again."""
    bench = Bench()
    document = bench.okta("GET", f"eventHooks/{bench.hook}")
    document["channel"]["config"]["authScheme"]["value"] = "new"
    bench.okta("PUT", f"eventHooks/{bench.hook}", document)
    assert bench.fault() == "hook.verified"


@pytest.mark.parametrize(
    ("okta", "genesys", "check"),
    [
        ("Night Shift", "Night  Shift", "groups.spelling"),
        ("Night  Shift", "Night Shift", "groups.spelling"),
        ("Caf\u00e9", unicodedata.normalize("NFD", "Caf\u00e9"), "groups.spelling"),
        ("SUPPORT", "", "groups.double"),
    ],
)
def test_group_names_that_do_not_match(okta: str, genesys: str, check: str) -> None:
    """Missing, spelled with other blanks or letters, or twice in Okta: each by its own name."""
    bench = Bench()
    group = bench.world.okta.create_group(okta)
    bench.world.okta.assign_group(group)
    if genesys:
        bench.world.genesys.add_group(genesys)
    assert bench.fault() == check


def test_letters_that_only_look_like_others_are_no_double() -> None:
    """One letter that some languages write as two: the names are different on both sides."""
    bench = Bench()
    for name in ("Stra\u00dfe", "STRASSE"):
        bench.world.okta.assign_group(bench.world.okta.create_group(name))
        bench.world.genesys.add_group(name)
    assert bench.checks(0)["groups.double"]["state"] == "ok"


def test_a_group_that_a_setting_names_and_nobody_made_is_missing() -> None:
    """It is a fault; one that is only assigned to the application may serve to assign people alone."""
    bench = Bench()
    bench.world.okta.assign_group(bench.world.okta.create_group("Night Shift"))
    missing = bench.checks(0)["groups.missing"]
    assert missing["state"] == "unknown"
    assert missing["because"].startswith("not linked: 'Night Shift' (00g")
    bench.deploy(LINKED_GROUPS="Night *")
    assert bench.fault() == "groups.missing"


def test_a_group_that_a_person_keeps_out_is_not_asked_for() -> None:
    """Assigned or named: no rule links it, so its name may be missing, doubled or spelled in any way."""
    bench = Bench()
    group = bench.world.okta.create_group("Night Shift")
    bench.world.okta.assign_group(group)
    bench.deploy(LINKED_GROUPS="Night *")
    assert bench.fault() == "groups.missing"
    bench.office.bridge(f"group unlink {group} --yes")
    assert bench.checks(0)["groups.missing"]["because"] == "1 groups"


def test_upper_case_is_no_fault_of_a_group() -> None:
    """Names are compared without case."""
    bench = Bench()
    bench.world.okta.assign_group(bench.world.okta.create_group("night shift"))
    bench.world.genesys.add_group("Night Shift")
    assert bench.checks(0)["groups.missing"]["because"] == "2 groups"


def test_a_role_names_what_it_misses_as_far_as_the_403_does() -> None:
    """Genesys Cloud names the permission of the group's read."""
    bench = Bench()
    bench.world.genesys.permissions.discard("directory:group:edit")
    assert "directory:group:edit" in bench.checks(1)["genesys.role"]["because"]


@pytest.mark.parametrize(("service", "check"), [("lambda", "aws.concurrency"), ("sns", "aws.topic")])
def test_what_this_person_may_not_see_is_unknown(service: str, check: str) -> None:
    """It is no fault, and the permission is named."""
    bench = Bench()
    bench.account.refused.add(service)
    found = bench.checks(0)[check]
    assert (found["state"], "Get" in found["do"]) == ("unknown", True)


def test_a_receiver_behind_a_web_acl_cannot_be_probed_from_here() -> None:
    """Its 403 is no fault."""
    bench = Bench()
    bench.receiver.status = 403
    assert bench.checks(0)["hook.receiver"]["because"].startswith("cannot be probed from here")


def test_the_right_to_give_roles_is_unknown_and_named() -> None:
    """Where `AllowedRoles` names some; a token that is refused leaves it skipped, like everything of that side."""
    bench = Bench()
    assert bench.checks(0)["genesys.roles"]["state"] == "ok"
    bench.deploy(ALLOWED_ROLES="Agent,Team Lead")
    found = bench.checks(0)["genesys.roles"]
    assert found["state"] == "unknown"
    assert found["because"] == "cannot be told without a write: Agent, Team Lead"
    assert "authorization:grant:add" in found["do"]
    bench.stage.secrets.values.update(genesys_client_secret="another")
    checks = bench.checks(1)
    for check in ("genesys.writes", "genesys.roles"):
        assert (checks[check]["state"], checks[check]["because"]) == ("skipped", "needs genesys.token")


def test_an_unreadable_push_listing_is_unknown_and_not_none() -> None:
    """Okta may refuse it, such as while provisioning is off."""
    bench = Bench()
    bench.world.okta.faults.add(Fault("GET .*/group-push/mappings", refused_by_okta(403, "E0000006")))
    assert bench.checks(0)["app.push"]["state"] == "unknown"


def test_settings_that_keep_the_function_from_starting_are_one_fail() -> None:
    """Nothing of it was asked; what is seen from here is."""
    bench = Bench()
    refused = Refused("not-set-up", str(SettingsError("GENESYS_REGION: expected one of 18"))).document()
    bench.account.functions[READERS] = lambda _payload: refused
    assert bench.fault() == "bridge.settings"
    assert bench.checks(1)["aws.concurrency"]["state"] == "ok"


def test_a_wrong_map_is_one_fail() -> None:
    """It is named apart from the other settings."""
    bench = Bench()
    refused = Refused("not-set-up", "ATTRIBUTE_MAP_PARAMETER: expected the name of an SSM parameter").document()
    bench.account.functions[READERS] = lambda _payload: refused
    assert bench.fault() == "bridge.map"


def test_a_map_that_is_not_in_force_is_one_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions go on with the last good one; what is wrong with the newest is said."""
    monkeypatch.setattr(AttributeMap, "refused", "attribute map: v: Input should be 1", raising=False)
    bench = Bench()
    assert bench.fault() == "bridge.map"
    assert "v: Input should be 1; the last good one" in bench.checks(1)["bridge.map"]["because"]


def test_a_bridge_of_another_version_is_one_fail() -> None:
    """One that answers, and one that knows no checks."""
    bench = Bench()
    function = bench.account.functions[READERS]
    bench.account.functions[READERS] = lambda payload: {**function(payload), "version": "0.0.1"}
    assert bench.fault() == "bridge.version"
    assert __version__ != "0.0.1"
    refused = Refused("invalid-request", "do: expected one of status", field="do").document()
    bench.account.functions[READERS] = lambda _payload: refused
    assert bench.fault() == "bridge.version"


def test_a_bridge_out_of_reach_could_not_be_asked() -> None:
    """That is 2, and no fault."""
    bench = Bench()

    def unreachable(_payload: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")

    bench.account.functions[READERS] = unreachable
    assert "AWS does not allow it" in bench.office.bridge("check", code=2).err


def test_an_okta_that_fails_could_not_be_asked() -> None:
    """Its 503 is nobody's fault here: unknown, and 2."""
    bench = Bench()
    bench.world.okta.faults.add(Fault("", bare(503)))
    checks = bench.checks(2)
    assert checks["okta.host"]["state"] == "unknown"
    assert checks["app.active"]["because"] == "needs okta.host"


def test_people_read_a_line_for_each_check_and_what_to_do() -> None:
    """And the number of faults at the end."""
    bench = Bench()
    bench.world.okta.deactivate_app()
    lines = bench.office.bridge("check", code=1).out.splitlines()
    assert any(line.split()[:2] == ["fail", "app.active"] for line in lines)
    assert "app.active: Activate the application." in lines
    assert lines[-1] == "1 fault, 0 skipped, 1 unknown."
    bench.okta("POST", f"eventHooks/{bench.hook}/lifecycle/deactivate")
    bench.stage.secrets.values.pop("genesys_client_secret")
    assert "secret.genesys: `bridge setup --stack prod` fills it." in bench.office.bridge("check", code=1).out


def test_the_page_of_checks_has_each_of_them() -> None:
    """And no other, with what it looks at."""
    rows = [
        line.split("|") for line in (ROOT / "docs/checks.md").read_text("utf-8").splitlines() if line.startswith("| `")
    ]
    assert {row[1].strip().strip("`"): row[2].strip() for row in rows} == CHECKS
