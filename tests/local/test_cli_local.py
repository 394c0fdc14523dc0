"""The bridge command against a started local stack: what an operator does, and what Genesys Cloud shows afterwards."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, cast

import boto3
import pytest

from bridge.aws.store.dynamo import DynamoStore
from bridge.items import Reason, make_item
from bridge.okta.events import HOOK_TYPES
from bridge.provisioning.records import GroupState, ParkedItem
from bridge.provisioning.user_records import Origin, UserState
from bridge_cli import ROOT
from bridge_cli.__main__ import Surroundings, main
from bridge_cli.bridge import Bridge
from bridge_cli.ends import End
from bridge_cli.places import Session
from bridge_local.demo import free_ports
from bridge_local.exchange import Request
from bridge_local.faults import Fault, watched
from bridge_local.options import Options
from bridge_local.stack import Stack

GROUPS = ("Genesys Day Shift", "Genesys Night Shift")
MEMBERS = 25
PATIENCE = 30


@dataclass
class Office:
    """A local stack with people in two linked groups, and an operator at the command line."""

    stack: Stack
    store: DynamoStore
    session: boto3.Session
    groups: dict[str, tuple[str, str]]
    people: list[str]

    def bridge(self, line: str, code: int = 0) -> str:
        """Run a command and expect its exit code; standard output."""
        out, err = io.StringIO(), io.StringIO()
        surroundings = Surroundings(
            stdin=io.StringIO(),
            stdout=out,
            stderr=err,
            environment={},
            session=lambda _profile, _region: cast("Session", self.session),
        )
        ended = main([*line.split(), "--local", "--port", str(self.stack.options.port)], surroundings)
        assert ended == code, f"{line}: {ended}\n{out.getvalue()}\n{err.getvalue()}"
        return out.getvalue()

    def start(self, line: str) -> subprocess.Popen[str]:
        """A command in a process of its own, as people run it."""
        return subprocess.Popen(  # noqa: S603 - our own program
            [ROOT / "bridge", *line.split(), "--local", "--port", str(self.stack.options.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt(self, line: str) -> str:
        """Press Ctrl-C as soon as a command waits; its last words."""
        with self.start(line) as process:
            try:
                assert process.stderr is not None
                assert process.stderr.readline().startswith("waiting")
                process.send_signal(signal.SIGINT)
                says = process.stderr.read()
                assert process.wait(timeout=PATIENCE) == End.INTERRUPTED
            finally:
                process.kill()
        return says

    def ask(self, line: str) -> Any:
        """The document that a command answers a program."""
        return json.loads(self.bridge(f"{line} --json"))

    def members(self, name: str) -> int:
        """How many members the group has in Genesys Cloud."""
        assert self.stack.genesys is not None
        return len(self.stack.genesys.members(self.groups[name][1]))


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """Everybody has long been in Genesys Cloud; nothing waits."""
    options = Options(port=free_ports(4), variables={"LINKED_GROUPS": "Genesys *"})
    with ExitStack() as running:
        stack = running.enter_context(Stack(options))
        assert stack.okta is not None
        store = DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"])
        with stack.okta.quietly():
            people = [_employ(stack, store, number) for number in range(MEMBERS)]
            groups = {name: _link(stack, store, name, people) for name in GROUPS}
        yield Office(stack, store, boto3.Session(), groups, people)


def _employ(stack: Stack, store: DynamoStore, number: int) -> str:
    assert stack.okta is not None
    assert stack.genesys is not None
    login = f"person{number:02}@example.com"
    okta_id = stack.okta.create_user({"login": login, "email": login, "firstName": "Person", "lastName": f"No{number}"})
    stack.okta.assign_user(okta_id)
    account = {"userName": login, "displayName": f"Person No{number}", "active": True, "externalId": okta_id}
    store.claim_user(
        replace(
            store.begin_user_sync(okta_id),
            state=UserState.LINKED,
            genesys_id=stack.genesys.add_user(account),
            active=True,
            origin=Origin.CREATED,
            status="ACTIVE",
            assigned=True,
            epoch=store.app().epoch,
        )
    )
    return okta_id


def _link(stack: Stack, store: DynamoStore, name: str, people: list[str]) -> tuple[str, str]:
    assert stack.okta is not None
    assert stack.genesys is not None
    okta_id, genesys_id = stack.okta.create_group(name), stack.genesys.add_group(name)
    stack.okta.add_members(okta_id, people)
    links = store.users(people)
    stack.genesys.edit_members(genesys_id, add=[links[person].genesys_id for person in people])
    store.claim_group(
        replace(
            store.begin_group_sync(okta_id),
            state=GroupState.LINKED,
            genesys_id=genesys_id,
            linked_by="name Genesys *",
            first_sync_ended=True,
            nonempty=datetime.now(UTC),
        )
    )
    return okta_id, genesys_id


def eventually(condition: Callable[[], bool]) -> None:
    """Ask again until it is so."""
    end, pause = time.monotonic() + PATIENCE, Event()
    while not condition():
        assert time.monotonic() < end, "not in time"
        pause.wait(0.3)


def test_a_group_that_is_emptied_waits_for_a_person(office: Office) -> None:
    """Nobody is removed before a word; one approval empties one group, one rejection keeps the other."""
    assert office.stack.okta is not None
    for okta_id, _ in office.groups.values():
        office.stack.okta.remove_members(okta_id, office.people)
    eventually(lambda: len(office.store.open_hold_entities()) == len(GROUPS))
    day, night = (office.groups[name][0] for name in GROUPS)
    assert [office.members(name) for name in GROUPS] == [MEMBERS, MEMBERS]

    with office.start("holds list") as process:
        listed, _ = process.communicate(timeout=PATIENCE)
    assert f"group:{day}  " in listed
    shown = office.bridge(f"holds show {day}")
    assert f"Who is held (the first 20 of {MEMBERS}):" in shown
    assert office.bridge(f"holds approve {day} --why OPS-1", code=2) != ""  # nobody is there to say yes
    office.bridge(f"holds reject {night} --why OPS-2 --yes")
    approved = office.bridge(f"holds approve {day} --why OPS-1 --revision 1 --yes --wait")
    assert "recorded for arn:aws:sts::" in approved
    assert approved.endswith(f"group:{day}: done.\n")
    assert [office.members(name) for name in GROUPS] == [0, MEMBERS]
    eventually(lambda: not office.store.open_hold_entities())
    assert office.ask(f"holds show {night}")["hold"]["state"] == "rejected"
    assert office.members(GROUPS[1]) == MEMBERS


def test_what_is_parked_is_synced_again(office: Office) -> None:
    """The sync's success closes the record; the journal says what it did."""
    person = office.people[0]
    item = make_item(f"user:{person}", Reason.OPERATOR, "parked")
    office.store.park(ParkedItem(item.entity, item.id, item.to_json(), "ambiguous-match", "8a7b", datetime.now(UTC)))
    assert "ambiguous-match" in office.bridge("parked list")
    assert office.ask(f"parked redrive user {person} --yes")["entry"]["reason"] == "redrive"
    assert office.bridge("parked list") == "Nothing is parked.\n"
    explained = office.ask(f"explain user {person}")
    assert [step["state"] for step in explained["steps"]] == ["ok"] * 5


def test_removals_and_everything_are_paused_and_go_on(office: Office) -> None:
    """A sync that is asked for while all is paused comes after it, though its operator has pressed Ctrl-C meanwhile."""
    assert office.ask("pause removals --yes") == {"ok": True, "everything": False, "removals": True}
    assert office.ask("resume removals --yes")["removals"] is False
    assert office.ask("pause --yes")["everything"] is True
    person = office.people[1]
    assert "comes by itself" in office.interrupt(f"sync user {person} --yes --progress")
    assert re.search(r"The queues are paused since \S+ UTC: bridge resume --local", office.bridge("status"))
    assert office.ask("resume --yes")["everything"] is False
    eventually(lambda: bool(office.store.entries(f"user:{person}", 1)))


def test_a_typed_credential_is_in_no_process_list(office: Office) -> None:
    """While Okta is called, neither the arguments nor the environment of the command have it, nor the hook's secret."""
    assert office.stack.okta is not None
    credential, secret = office.stack.options.secret["okta_token"], office.stack.options.secret["hook_secret"]
    seen: list[bytes] = []

    def note(_request: object) -> None:
        seen.extend(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))

    fault = office.stack.okta.faults.add(Fault("eventHooks", watched(note)))
    with office.start("hook rotate-secret --yes") as process:
        try:
            out, err = process.communicate(f"{credential}\n", timeout=PATIENCE)
        finally:
            process.kill()
    office.stack.okta.faults.remove(fault)
    assert process.returncode == End.DONE, err
    assert b"rotate-secret" in seen[0]
    kept = json.loads(
        office.stack.aws.client("secretsmanager").get_secret_value(SecretId="BridgeSecret")["SecretString"]
    )
    assert kept["hook_secret_previous"] == secret
    said = b"".join(seen) + (out + err).encode() + office.stack.logs.path.read_bytes()
    assert not [name for name in (credential, secret, kept["hook_secret"]) if name.encode() in said]
    assert office.ask("hook status")["secrets"].startswith("two")


@pytest.mark.parametrize("words", ["play scene paused", "play mend"])
def test_ctrl_c_in_a_play_claims_nothing(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been played by then."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bridge, "play", interrupt)
    error = io.StringIO()
    assert main([*words.split(), "--local"], Surroundings(stderr=error)) == End.INTERRUPTED
    assert "whether it was done is not known" in error.getvalue()


def test_a_scene_is_played_and_named(office: Office) -> None:
    """The command says what has happened and what to look for; the status names it; mending ends it."""
    played = office.ask("play scene paused")
    assert (played["problem"], played["command"]) == ("removals-paused", "resume removals")
    needs = office.ask("status")["needs"]
    assert "bridge resume removals --local" in needs[-1]["command"]
    assert "removals-paused" in [each["problem"] for each in needs]
    shown = office.stack.console.snapshot()["needs"]
    assert [(row["problem"], row["command"]) for row in shown] == [(row["problem"], row["command"]) for row in needs]
    assert "Soon bridge status" in office.bridge("play scene paused")
    office.bridge("play mend")
    assert "removals-paused" not in [each["problem"] for each in office.ask("status")["needs"]]
    assert json.loads(office.bridge("play scene flood --json", End.USAGE))["ok"] is False


def test_the_local_hook_is_verified_without_a_credential(office: Office) -> None:
    """The command that the scene advises does it as it stands: the stack's own token may."""
    assert office.stack.okta is not None
    office.bridge("play scene hook-unverified")
    assert [each.verification for each in office.stack.okta.hooks.values()] == ["UNVERIFIED"]
    office.bridge("hook verify")
    assert [each.verification for each in office.stack.okta.hooks.values()] == ["VERIFIED"]


def test_okta_is_played_and_a_server_is_broken(office: Office) -> None:
    """What the command has done is seen in Okta; a refusal says what was expected, and mending ends the fault."""
    okta, genesys = office.stack.okta, office.stack.genesys
    assert okta is not None
    assert genesys is not None
    person = next(iter(okta.users.current))
    assert "another title" in office.bridge(f"play okta title {person} Team Lead")
    assert okta.users.current[person].profile["title"] == "Team Lead"
    refused = json.loads(office.bridge(f"play okta unsuspend {person} --json", End.USAGE))
    assert "Okta refuses" in refused["error"]["message"]
    assert "Genesys Cloud answers 503" in office.bridge("play break genesys down")
    assert genesys.handle(Request.of("GET", "/api/v2/scim/v2/users")).status == 503
    office.bridge("play mend")
    assert genesys.handle(Request.of("GET", "/api/v2/scim/v2/users")).status == 401


def test_the_check_of_a_new_stack_finds_no_superfluous_event_types(office: Office) -> None:
    """Its hook is registered for what the bridge reads, and for nothing else."""
    hook = {"do": "check", "hook_url": office.stack.hook_url}
    found = office.stack.functions["Operations"].invoke(hook).payload["checks"]
    [types] = [each for each in found if each["id"] == "hook.types"]
    assert (types["state"], types["because"]) == ("ok", f"all {len(HOOK_TYPES)}")


def test_the_records_come_back_from_a_recovered_table(office: Office) -> None:
    """A company went on changing: newcomers are found, leavers stay out, and no missing assignment ends access."""
    stack, store = office.stack, office.store
    okta, genesys = stack.okta, stack.genesys
    assert okta is not None
    assert genesys is not None
    office.ask("resume removals --yes")
    table = stack.aws.physical["StateTable"]
    stack.aws.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName="state-recovered", UseLatestRestorableTime=True
    )

    def active(okta_id: str) -> list[bool]:
        return [user["active"] for user in genesys.users() if user.get("externalId") == okta_id]

    gone, unassigned, leaver = office.people[2:5]
    login = "newcomer@example.com"
    newcomer = okta.create_user({"login": login, "email": login, "firstName": "New", "lastName": "Comer"})
    okta.assign_user(newcomer)
    okta.deactivate(gone)
    eventually(lambda: (active(newcomer), active(gone)) == ([True], [False]))

    office.ask("pause --yes")
    done = office.ask("restore --from state-recovered --yes")
    assert done["restored"]["users"] == MEMBERS
    office.ask("resume --yes")
    found = store.user(newcomer)
    assert found is not None
    assert not found.genesys_id, "its link is newer than the backup"
    okta.unassign_user(unassigned)
    okta.deactivate(leaver)
    eventually(lambda: active(leaver) == [False] and "app" in store.open_hold_entities())
    office.ask(f"sync user {newcomer} --yes")
    found = store.user(newcomer)
    assert found is not None
    assert found.genesys_id
    assert (active(newcomer), active(gone), active(unassigned)) == ([True], [False], [True])
    assert office.ask("status")["restored"] is not None
