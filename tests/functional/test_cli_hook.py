"""``bridge hook`` over Okta's model and the real receiver: one hook, no gap, and no secret where it does not belong."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from bridge.okta.events import HOOK_TYPES
from bridge_local.exchange import Request
from bridge_local.faults import Fault, bare
from bridge_local.okta.faults import refused
from tests.stages.cli_hook_stage import CREDENTIAL, Admin

PUTS, VERIFIES = "PUT /api/v1/eventHooks/", "POST .*/lifecycle/verify"


@pytest.fixture
def admin() -> Admin:
    """Nothing is set up."""
    return Admin()


@pytest.fixture
def registered(admin: Admin) -> Admin:
    """The hook delivers."""
    admin.bridge("hook register --yes", CREDENTIAL)
    return admin


def works(admin: Admin) -> str:
    """The one hook, which works; the secret that it sends is one that the receiver takes."""
    [hook] = admin.hooks()
    assert (hook["status"], hook["verificationStatus"]) == ("ACTIVE", "VERIFIED")
    assert set(hook["events"]["items"]) == HOOK_TYPES
    return str(admin.world.okta.hooks[hook["id"]].channel["config"]["authScheme"]["value"])


def test_register_makes_one_hook_that_works(admin: Admin) -> None:
    """With exactly the bridge's types, a secret of its own making, and verified."""
    ran = admin.bridge("hook register --yes", CREDENTIAL)
    assert "Okta has verified it" in ran.out
    assert works(admin) == admin.secret["hook_secret"]
    assert len(admin.secret["hook_secret"]) >= 43


def test_register_again_changes_nothing(registered: Admin) -> None:
    """No second hook, no second version of the secret."""
    before = registered.hooks()
    registered.bridge("hook register --yes", CREDENTIAL)
    assert registered.hooks() == before
    assert len(registered.manager.versions) == 1


def test_register_keeps_the_other_keys_of_the_secret(admin: Admin) -> None:
    """It adds its own."""
    admin.manager.versions.append({"genesys_client_id": "client", "genesys_client_secret": "secret-of-the-client"})
    admin.bridge("hook register --yes", CREDENTIAL)
    assert admin.secret["genesys_client_secret"] == "secret-of-the-client"


@pytest.mark.parametrize("lost", ["POST /api/v1/eventHooks$", VERIFIES])
def test_register_goes_on_after_any_step(admin: Admin, lost: str) -> None:
    """Whatever answer was lost, the next call finds what is done."""
    admin.world.okta.faults.add(Fault(lost, lambda request, serve: (serve(request), bare(503)(request, serve))[1], 1))
    admin.bridge("hook register --yes", CREDENTIAL, code=1)
    admin.bridge("hook register --yes", CREDENTIAL)
    works(admin)
    assert len(admin.manager.versions) == 1


def test_register_mends_types_and_secret_of_a_hook_made_by_hand(registered: Admin) -> None:
    """The name stays."""
    [hook] = registered.hooks()
    hook["name"] = "By hand"
    hook["events"]["items"] = ["user.lifecycle.create"]
    hook["channel"]["config"]["authScheme"]["value"] = "typed wrongly"
    body = json.dumps(hook).encode()
    headers = {"authorization": f"SSWS {CREDENTIAL}"}
    registered.world.okta.handle(Request.of("PUT", f"/api/v1/eventHooks/{hook['id']}", headers, body))
    registered.bridge("hook register --yes", CREDENTIAL)
    assert works(registered) == registered.secret["hook_secret"]
    assert registered.hooks()[0]["name"] == "By hand"


def test_who_may_not_is_told_where_to_click(admin: Admin) -> None:
    """401 for a wrong credential, 403 for a right one without the right."""
    ran = admin.bridge("hook register --yes", "wrong", code=3)
    assert "401 E0000011" in ran.err
    admin.world.okta.faults.add(Fault("POST /api/v1/eventHooks", refused(403, "E0000006")))
    ran = admin.bridge("hook register --yes", CREDENTIAL, code=3)
    assert "Workflow > Event Hooks" in ran.err


def test_without_a_credential_nothing_happens(admin: Admin) -> None:
    """Nobody typed one, and no line has it."""
    ran = admin.bridge("hook register --yes", code=2)
    assert "standard input" in ran.err
    assert admin.manager.versions == []


@pytest.mark.parametrize("typed", ["t\u00f6ken", "SSWS token", "tok\x00en", "\udcfftoken"])
def test_what_can_be_no_credential_is_not_sent(admin: Admin, typed: str) -> None:
    """Nothing of it is shown, not even the letter that is wrong."""
    ran = admin.bridge("hook register --yes", typed, code=2)
    assert "without blanks" in ran.err
    assert admin.hooks() == []


def test_verify_mends_a_hook_that_somebody_changed(registered: Admin) -> None:
    """As after a change of its URL and back."""
    [hook] = registered.hooks()
    hook["channel"]["config"]["headers"] = [{"key": "x-who", "value": "me"}]
    headers = {"authorization": f"SSWS {CREDENTIAL}"}
    path = f"/api/v1/eventHooks/{hook['id']}"
    registered.world.okta.handle(Request.of("PUT", path, headers, json.dumps(hook).encode()))
    assert registered.hooks()[0]["verificationStatus"] == "UNVERIFIED"
    registered.bridge("hook verify", CREDENTIAL)
    works(registered)


def test_rotation_leaves_both_secrets_and_a_verified_hook(registered: Admin) -> None:
    """The old one is taken until it is retired, an hour later and without deliveries under it."""
    old = registered.secret["hook_secret"]
    registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    new = works(registered)
    assert new != old
    assert (registered.secret["hook_secret"], registered.secret["hook_secret_previous"]) == (new, old)
    assert registered.receive("GET", {"Authorization": old, "x-okta-verification-challenge": "1"})[0] == 200
    assert "younger than an hour" in registered.bridge("hook retire-secret --yes", code=4).err
    assert "not at its end" in registered.bridge("hook rotate-secret --yes", CREDENTIAL, code=1).err
    registered.world.clock.advance(timedelta(hours=1).total_seconds())
    registered.manager.under_old = 2
    assert "2 deliveries" in registered.bridge("hook retire-secret --yes", code=4).err
    registered.manager.under_old = 0
    registered.bridge("hook retire-secret --yes")
    assert registered.receive("GET", {"Authorization": old, "x-okta-verification-challenge": "1"})[0] == 401
    works(registered)


@pytest.mark.parametrize("written", [1, 2])
def test_an_interrupted_rotation_goes_on_without_another_secret(registered: Admin, written: int) -> None:
    """The receiver takes both meanwhile, so nothing is lost."""
    registered.manager.dies_after = len(registered.manager.versions) + written
    registered.bridge("hook rotate-secret --yes", CREDENTIAL, code=130)
    registered.manager.dies_after = 0
    new = registered.secret["hook_secret"]
    assert works_meanwhile(registered)
    if written == 1:
        registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    assert works(registered) == registered.secret["hook_secret"] == new


def unanswered(request: Request, serve: Any) -> Any:
    """Okta does it, and its answer is lost."""
    serve(request)
    return bare(503)(request, serve)


@pytest.mark.parametrize("effect", [bare(503), bare(429), refused(403, "E0000006"), unanswered])
@pytest.mark.parametrize("failing", ["GET /api/v1/eventHooks", PUTS, VERIFIES])
def test_a_rotation_of_which_any_call_fails_leaves_a_hook_that_delivers(
    registered: Admin, failing: str, effect: Any
) -> None:
    """With a secret that the receiver takes; the next try ends it, and there is one hook."""
    fault = Fault(failing, effect, 1)
    registered.world.okta.faults.add(fault)
    registered.bridge("hook rotate-secret --yes", CREDENTIAL, code=None)
    assert fault.met
    works(registered)
    assert works_meanwhile(registered)
    if not registered.secret.get("hook_secret_rotated"):
        registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    assert works(registered) == registered.secret["hook_secret"]


def test_a_rotation_during_an_outage_says_that_nothing_is_delivered(registered: Admin) -> None:
    """The hook was changed and neither secret could be verified: the next try goes on with the same one."""
    registered.world.okta.faults.add(Fault(VERIFIES, bare(503)))
    ran = registered.bridge("hook rotate-secret --yes", CREDENTIAL, code=1)
    assert "it delivers nothing" in ran.err
    new = registered.secret["hook_secret"]
    registered.world.okta.faults.clear()
    registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    assert works(registered) == registered.secret["hook_secret"] == new


def works_meanwhile(admin: Admin) -> bool:
    """Whether the receiver takes what Okta sends."""
    [hook] = admin.world.okta.hooks.values()
    secret = hook.channel["config"]["authScheme"]["value"]
    return admin.receive("GET", {"Authorization": secret, "x-okta-verification-challenge": "1"})[0] == 200


def test_a_new_secret_that_okta_cannot_verify_is_taken_back(registered: Admin) -> None:
    """The old one is in the hook again, verified, and alone in the secret."""
    old = registered.secret["hook_secret"]
    registered.world.okta.faults.add(Fault(VERIFIES, refused(400, "E0000001"), 1))
    ran = registered.bridge("hook rotate-secret --yes", CREDENTIAL, code=1)
    assert "the old one is back" in ran.err
    assert works(registered) == old
    assert (registered.secret["hook_secret"], registered.secret["hook_secret_previous"]) == (old, "")


def test_a_delivery_under_the_old_secret_is_counted(registered: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    """A challenge is not; the metric is what `retire-secret` waits for."""
    old = registered.secret["hook_secret"]
    registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    capsys.readouterr()
    registered.receive("GET", {"Authorization": old})
    registered.receive("POST", {"Authorization": registered.secret["hook_secret"]})
    assert "DeliveriesUnderOldSecret" not in capsys.readouterr().out
    registered.receive("POST", {"Authorization": old})
    assert "DeliveriesUnderOldSecret" in capsys.readouterr().out


def test_status_says_how_many_secrets_there_are(registered: Admin) -> None:
    """And what `bridge check` sees of the hook; it asks nobody for a credential."""
    assert "skipped" in registered.bridge("hook status", code=1).out  # the bridge's own credential is not there yet
    registered.manager.versions.append({**registered.secret, "okta_token": CREDENTIAL})
    assert "one" in registered.bridge("hook status").out
    registered.bridge("hook rotate-secret --yes", CREDENTIAL)
    ran = registered.bridge("hook status")
    assert "two, the old one not yet retired" in ran.out
    assert "hook.verified" in ran.out


def test_the_secret_is_shown_on_a_terminal_alone(registered: Admin) -> None:
    """Not into a pipe, not as JSON."""
    assert "terminal alone" in registered.bridge("hook secret --show", code=2).err
    registered.bridge("hook secret --show --json", code=2)


def test_no_secret_is_in_any_log(
    admin: Admin, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the command, of the receiver, of what they are made of, at any level."""
    caplog.set_level(logging.DEBUG)
    admin.bridge("hook register --yes", CREDENTIAL)
    admin.bridge("hook rotate-secret --yes", CREDENTIAL)
    printed = capsys.readouterr()
    said = caplog.text + printed.out + printed.err
    secrets = [CREDENTIAL, admin.secret["hook_secret"], admin.secret["hook_secret_previous"]]
    assert not [number for number, secret in enumerate(secrets) if secret in said]
