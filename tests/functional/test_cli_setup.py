"""``bridge setup`` over the real functions and both models: interrupted, it goes on and does nothing twice."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.okta.auth import HOOK_SCOPES, LOG_SCOPES, SCOPES
from bridge_local.exchange import Request
from bridge_local.faults import Fault, bare
from bridge_local.okta.faults import refused
from tests.stages.cli_hook_stage import CREDENTIAL, KEY_ID, Admin
from tests.stages.cli_stage import Ran
from tests.stages.jwt_key import public_jwk

CLIENT_ID = "0oaServiceApp0000001"
SECRETS = {
    "okta_token": CREDENTIAL,
    "genesys_client_secret": "client-secret",
    "Okta credential that manages event hooks": CREDENTIAL,
}
ALL_SCOPES = (*SCOPES, *LOG_SCOPES, *HOOK_SCOPES)


@lru_cache
def key() -> rsa.RSAPrivateKey:
    """One key for all tests: making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def answers(tmp_path: Path) -> str:
    """What a script answers."""
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"okta_client_id": CLIENT_ID, "genesys_client_id": "genesys-client"}), "utf-8")
    return str(path)


@pytest.fixture
def admin() -> Admin:
    """A stack that was just deployed; in Okta and Genesys Cloud everything that a person makes is there."""
    admin = Admin(key())
    admin.world.genesys.tokens.client_id = "genesys-client"
    admin.world.okta.register_client(CLIENT_ID, [public_jwk(key().public_key(), KEY_ID)], ALL_SCOPES)
    return admin


def plan(admin: Admin) -> tuple[dict[str, bool], list[str]]:
    """Whether each step is done, and which lines a script passes."""
    document = json.loads(admin.bridge("setup --plan --json").out)
    return {step["id"]: step["done"] for step in document["steps"]}, document["standard_input"]


def go_on(admin: Admin, answers: str, code: int = 0) -> Ran:
    """Set up as a script: the lines that the plan asks for."""
    return admin.bridge(f"setup --yes --answers {answers}", *(SECRETS[line] for line in plan(admin)[1]), code=code)


def is_set_up(admin: Admin) -> None:
    """One hook that works, one comparison, one secret."""
    [hook] = admin.hooks()
    assert (hook["status"], hook["verificationStatus"]) == ("ACTIVE", "VERIFIED")
    assert admin.secret.keys() == {"okta_client_id", "genesys_client_id", "genesys_client_secret", "hook_secret"}
    assert len({json.dumps(version) for version in admin.manager.versions}) == len(admin.manager.versions) == 3
    assert len(admin.office.stage.mappings.invoked) == 1


def test_the_plan_changes_nothing(admin: Admin) -> None:
    """Every step is to do, and the lines of standard input are named."""
    steps, lines = plan(admin)
    assert list(steps) == ["okta-app", "genesys-client", "hook-secret", "sides", "hook", "check", "reconcile"]
    assert not any(steps.values())
    assert lines == ["genesys_client_secret", "Okta credential that manages event hooks"]
    assert not admin.manager.versions
    assert not admin.hooks()
    assert not admin.office.stage.mappings.invoked


def test_a_script_sets_up_in_one_go(admin: Admin, answers: str) -> None:
    """With the answers in a file, and the secrets on standard input."""
    ran = go_on(admin, answers)
    is_set_up(admin)
    assert "Mode=enforce" in ran.out
    assert plan(admin)[1] == []


def test_the_public_key_is_ready_to_paste(admin: Admin) -> None:
    """The printed JWK is the one by which Okta knows the bridge's signatures."""
    ran = admin.bridge("setup --yes", code=2)
    [line] = [line for line in ran.out.splitlines() if line.startswith("{")]
    assert json.loads(line) == public_jwk(key().public_key(), KEY_ID)
    assert "okta_client_id" in ran.err


@pytest.mark.parametrize("versions", [1, 2, 3])
def test_it_goes_on_after_an_interruption_of_any_write(admin: Admin, answers: str, versions: int) -> None:
    """No value is asked for twice that is there, and none is written twice."""
    admin.manager.dies_after = versions
    go_on(admin, answers, code=130)
    admin.manager.dies_after = 0
    go_on(admin, answers)
    is_set_up(admin)


@pytest.mark.parametrize("lost", ["POST /api/v1/eventHooks$", "POST .*/lifecycle/verify"])
def test_it_goes_on_after_an_answer_that_was_lost(admin: Admin, answers: str, lost: str) -> None:
    """Okta did it and nobody heard of it: there is no second hook."""
    admin.world.okta.faults.add(Fault(lost, lambda request, serve: (serve(request), bare(503)(request, serve))[1], 1))
    go_on(admin, answers, code=1)
    go_on(admin, answers)
    is_set_up(admin)


def test_set_up_twice_is_set_up_once(admin: Admin, answers: str) -> None:
    """Every step says that it is done."""
    go_on(admin, answers)
    admin.world.store.set_bootstrapped()
    ran = go_on(admin, answers)
    is_set_up(admin)
    assert ran.out.count("done already") == 5


def test_what_is_not_well_stops_before_the_hook(admin: Admin, answers: str) -> None:
    """A missing scope is named with what to do; when it is granted, the set-up goes on."""
    jwk = public_jwk(key().public_key(), KEY_ID)
    admin.world.okta.register_client(CLIENT_ID, [jwk], SCOPES)
    ran = go_on(admin, answers, code=1)
    assert "okta.scope.logs" in ran.out
    assert admin.hooks() == []
    admin.world.okta.register_client(CLIENT_ID, [jwk], ALL_SCOPES)
    go_on(admin, answers)
    is_set_up(admin)


def test_a_role_that_does_not_see_hooks_does_not_stop_the_set_up(admin: Admin, answers: str) -> None:
    """The bridge's own credential need not read them; the administrator's makes and verifies the hook."""
    jwk = public_jwk(key().public_key(), KEY_ID)
    admin.world.okta.register_client(CLIENT_ID, [jwk], ALL_SCOPES)
    fault = Fault("GET /api/v1/eventHooks", refused(403, "E0000006"), when=is_the_bridge)
    admin.world.okta.faults.add(fault)
    go_on(admin, answers)
    assert fault.met
    is_set_up(admin)


def is_the_bridge(request: Request) -> bool:
    """Whether the service app asks, and no administrator."""
    return request.headers.get("authorization", "").startswith("Bearer ")


def test_a_secret_in_the_answers_is_refused(admin: Admin, tmp_path: Path) -> None:
    """A file is no place for it; the message names the key and not the value."""
    path = tmp_path / "answers.json"
    path.write_text('{"genesys_client_secret": "never-shown"}', "utf-8")
    ran = admin.bridge(f"setup --yes --answers {path}", code=2)
    assert "genesys_client_secret" in ran.err
    assert "never-shown" not in ran.err + ran.out
    assert "expected a JSON object" in admin.bridge(f"setup --yes --answers {tmp_path}", code=2).err
    path.write_text("[" * 100_000, "utf-8")
    assert "expected a JSON object" in admin.bridge(f"setup --yes --answers {path}", code=2).err


def test_no_secret_is_in_any_log(
    admin: Admin, answers: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the command, of the functions, of what they are made of, at any level."""
    caplog.set_level(logging.DEBUG)
    go_on(admin, answers)
    printed = capsys.readouterr()
    said = caplog.text + printed.out + printed.err
    secrets = [CREDENTIAL, admin.secret["hook_secret"], admin.secret["genesys_client_secret"]]
    assert not [number for number, secret in enumerate(secrets) if secret in said]


def test_an_api_token_takes_the_place_of_the_service_app(answers: str) -> None:
    """It is asked for as a secret."""
    admin = Admin()
    admin.world.genesys.tokens.client_id = "genesys-client"
    assert plan(admin)[1][0] == "okta_token"
    admin.bridge(f"setup --yes --answers {answers}", *(SECRETS[line] for line in plan(admin)[1]))
    assert admin.secret["okta_token"] == CREDENTIAL


def test_what_is_left_to_a_person_is_little() -> None:
    """The page counts it: nine things at most."""
    page = (Path(__file__).parents[2] / "docs/setup.md").read_text("utf-8")
    numbered = [line for line in page.partition("## What is left to you")[2].splitlines() if line[:1].isdigit()]
    assert 0 < len(numbered) <= 9
