"""The official Genesys Cloud SDK as a client of the Genesys Cloud model: nine steps over HTTP on loopback.

Run from the project's directory, in the environment of ``requirements/sdk.txt``::

    python -m tests.contract.sdk.run            compares what was said with the transcript
    python -m tests.contract.sdk.run --write    writes the transcript

Every answer must be, field by field, what the SDK's own model of it holds: a field that the SDK does not know, or
reads otherwise, fails the run.
"""

# ruff: noqa: T201 - it shows people its steps

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge_local.server import Server
from tests.contract.sdk.transcript import CLIENT_ID, CLIENT_SECRET, GROUP, MANAGER, NOBODY, Recorder, organisation

TRANSCRIPT = Path(__file__).resolve().parent.parent / "sdk_transcript.json"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*")


class Deviation(Exception):
    """The model is not what the SDK expects."""


def expect(what: str, found: object, wanted: object) -> None:
    """Raise `Deviation` unless both are equal."""
    if found != wanted:
        raise Deviation(f"{what}: found {found!r}, expected {wanted!r}")


class Session:
    """The SDK with one token, and what the steps know of each other's results."""

    def __init__(self, sdk: Any, recorder: Recorder) -> None:
        """Use the SDK's module towards the model that `recorder` stands before."""
        self.sdk = sdk
        self.recorder = recorder
        self.client = sdk.api_client.ApiClient()
        self.scim = sdk.SCIMApi(self.client)
        self.ada: Any = None
        self.group: Any = None

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call the SDK; its object, checked against the answer."""
        answer = getattr(self.scim, method)(*arguments, **options)
        self._same(method, answer)
        return answer

    def refused(self, status: int, kind: str, method: str, *arguments: Any, **options: Any) -> Any:
        """Call the SDK, which must raise this status; the error as the SDK's model `kind`, checked likewise."""
        try:
            getattr(self.scim, method)(*arguments, **options)
        except self.sdk.rest.ApiException as error:
            expect(f"status of {method}", error.status, status)
            if not kind:
                return None
            answer = self.client.deserialize(_Raw(error.body), kind)
            self._same(f"{kind} of {method}", answer)
            return answer
        raise Deviation(f"{method}: expected {status}, but it was answered with success")

    def patch(self, *operations: tuple[str, str | None, Any]) -> Any:
        """A PATCH of (op, path, value)."""
        body = self.sdk.ScimV2PatchRequest()
        body.schemas = PATCH
        body.operations = []
        for op, path, value in operations:
            operation = self.sdk.ScimV2PatchOperation()
            operation.op, operation.path, operation.value = op, path, value
            body.operations.append(operation)
        return body

    def _same(self, what: str, answer: Any) -> None:
        read = _comparable(self.client.sanitize_for_serialization(answer))
        for name, value in _comparable(self.recorder.answered).items():
            expect(f"{what}: {name} as the SDK reads it", read.get(name), value)


class _Raw:
    """A body as the SDK's deserialiser wants it."""

    def __init__(self, data: str) -> None:
        self.data = data

    def getheader(self, _name: str) -> str:
        return "application/json"


def _comparable(value: Any) -> Any:
    """With moments in place of their spellings."""
    if isinstance(value, dict):
        return {name: _comparable(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_comparable(held) for held in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


# ------------------------------------------------------------------------------------------------- the steps


def token(session: Session) -> str:
    """Client credentials give a token."""
    session.client.get_client_credentials_token(CLIENT_ID, CLIENT_SECRET)
    expect("token_type", session.recorder.answered["token_type"], "bearer")
    return f"a token for {session.recorder.answered['expires_in']} s"


def create(session: Session) -> str:
    """A user with every attribute that the bridge writes."""
    sdk = session.sdk
    manager = session.call("get_scim_v2_users", filter=f'userName eq "{MANAGER}"').resources[0]
    body = sdk.ScimV2CreateUser()
    body.schemas = [CORE, ENTERPRISE]
    body.user_name = "ada.brook@example.com"
    body.display_name = "Ada Brook"
    body.title = "Agent"
    body.active = True
    body.external_id = "00uAdaBrook000000005"
    body.emails = [_typed(sdk.ScimEmail(), "work", "ada@example.org")]
    body.phone_numbers = [
        _typed(sdk.ScimPhoneNumber(), "work", "+1 (317) 555-0100"),
        _typed(sdk.ScimPhoneNumber(), "mobile", "tel:+13175550101"),
    ]
    enterprise = sdk.ScimV2EnterpriseUser()
    enterprise.department, enterprise.employee_number, enterprise.division = "Support", "10007", "Home"
    enterprise.manager = sdk.Manager()
    enterprise.manager.value = manager.id
    body.urnietfparamsscimschemasextensionenterprise2_0_user = enterprise
    session.ada = session.call("post_scim_v2_users", body)
    expect("active", session.ada.active, True)
    expect("meta.version", session.ada.meta.version, '"1"')
    return f"Ada Brook, version {session.ada.meta.version}"


def read(session: Session) -> str:
    """A user by id: whole, in part, and not again while unchanged."""
    whole = session.call("get_scim_v2_user", session.ada.id)
    expect("the user read", whole.to_dict(), session.ada.to_dict())
    part = session.call("get_scim_v2_user", session.ada.id, attributes=["title", "externalId"])
    expect("attributes=title,externalId", (part.title, part.display_name), ("Agent", None))
    session.refused(304, "", "get_scim_v2_user", session.ada.id, if_none_match=session.ada.meta.version)
    numbers = {number.type: number.value for number in whole.phone_numbers}
    expect("numbers in E.164", numbers, {"work": "+13175550100", "mobile": "+13175550101"})
    return f"whole, two attributes of it, 304; numbers {', '.join(sorted(numbers))}"


def find(session: Session) -> str:
    """Lists with filters."""
    for text in (
        'externalId eq "00uAdaBrook000000005"',
        'userName eq "ADA.BROOK@example.com"',
        f"id eq {session.ada.id}",
    ):
        found = session.call("get_scim_v2_users", filter=text)
        expect(text, [user.id for user in found.resources], [session.ada.id])
    expect("active eq false", session.call("get_scim_v2_users", filter="active eq false").total_results, 0)
    lean = session.call("get_scim_v2_users", count=1, start_index=2, excluded_attributes=["externalId", "roles"])
    expect("page of one", (lean.items_per_page, lean.start_index, lean.total_results), (1, 2, 2))
    return "by externalId, userName, id, active; a page of one"


def patch(session: Session) -> str:
    """Attributes by path, on condition of the version."""
    body = session.patch(
        ("replace", "title", "Senior Agent"),
        ("replace", 'phoneNumbers[type eq "work"].value', "+13175550102"),
        ("replace", f"{ENTERPRISE}:department", "Care"),
        ("remove", 'phoneNumbers[type eq "mobile"]', None),
    )
    changed = session.call("patch_scim_v2_user", session.ada.id, body, if_match=session.ada.meta.version)
    enterprise = changed.urnietfparamsscimschemasextensionenterprise2_0_user
    expect("title, department", (changed.title, enterprise.department), ("Senior Agent", "Care"))
    expect("types of numbers", [number.type for number in changed.phone_numbers], ["work"])
    again = session.call("patch_scim_v2_user", session.ada.id, body)
    expect("version after the same PATCH", again.meta.version, changed.meta.version)
    session.ada = changed
    return f"4 operations, version {changed.meta.version}; the same again changes nothing"


def deactivate(session: Session) -> str:
    """A user is inactive, hidden in plain lists, and back."""
    off = session.call("patch_scim_v2_user", session.ada.id, session.patch(("replace", "active", False)))
    expect("active", off.active, False)
    expect("active users", session.call("get_scim_v2_users").total_results, 1)
    inactive = session.call("get_scim_v2_users", filter="active eq false")
    expect("inactive users", [user.id for user in inactive.resources], [session.ada.id])
    back = session.call("patch_scim_v2_user", session.ada.id, session.patch(("replace", "active", True)))
    expect("active", back.active, True)
    session.ada = back
    return "inactive, not in the plain list, active again"


def find_group(session: Session) -> str:
    """A group by its name, without case and without members."""
    text = f'displayName eq "{GROUP.upper()}"'
    found = session.call("get_scim_v2_groups", text, excluded_attributes=["members"])
    expect("groups", [group.display_name for group in found.resources], [GROUP])
    expect("members, which are excluded", found.resources[0].members, None)
    session.group = session.call("get_scim_v2_group", found.resources[0].id)
    expect("members", session.group.members, [])
    return f"{GROUP}, no members"


def members(session: Session) -> str:
    """Members are added, and removed by path and by value."""
    manager = session.call("get_scim_v2_users", filter=f'userName eq "{MANAGER}"').resources[0]
    both = [{"value": session.ada.id}, {"value": manager.id}]
    full = session.call("patch_scim_v2_group", session.group.id, session.patch(("add", "members", both)))
    expect("added", {member.value for member in full.members}, {session.ada.id, manager.id})
    ada = session.call("get_scim_v2_user", session.ada.id)
    expect("the user's groups", [group.value for group in ada.groups], [session.group.id])
    path = f'members[value eq "{session.ada.id}"]'
    one = session.call("patch_scim_v2_group", session.group.id, session.patch(("remove", path, None)))
    expect("left after the first removal", [member.value for member in one.members], [manager.id])
    by_value = session.patch(("remove", "members", [{"value": manager.id}]))
    none = session.call("patch_scim_v2_group", session.group.id, by_value)
    expect("left after the second", none.members, [])
    return "two added, one removed by path, one by value"


def errors(session: Session) -> str:
    """Both error shapes in the SDK's own models, and the two forms of a 429."""
    missing = session.refused(404, "ErrorBody", "get_scim_v2_user", NOBODY)
    expect("code of the 404", missing.code, "not.found")
    taken = session.sdk.ScimV2CreateUser()
    taken.user_name, taken.display_name = MANAGER, "Somebody Else"
    conflict = session.refused(409, "ScimError", "post_scim_v2_users", taken)
    expect("scimType of the 409", conflict.scim_type, "uniqueness")
    title = session.patch(("replace", "title", "Late"))
    session.refused(409, "ScimError", "patch_scim_v2_user", session.ada.id, title, if_match='"1"')
    path = session.patch(("replace", "noSuchAttribute", "x"))
    wrong = session.refused(400, "ScimError", "patch_scim_v2_user", session.ada.id, path)
    session.refused(400, "ScimError", "get_scim_v2_users", filter="title co x")
    session.recorder.storm(retry_after=False)
    storm = session.refused(429, "ErrorBody", "get_scim_v2_user", session.ada.id)
    session.recorder.storm(retry_after=True)
    session.call("get_scim_v2_user", session.ada.id)
    asked = [exchange["answer"]["status"] for exchange in session.recorder.steps[-1]["exchanges"][-2:]]
    expect("429 with Retry-After, then the SDK's own second attempt", asked, [429, 200])
    valid, session.client.access_token = session.client.access_token, "worthless"
    session.refused(401, "ErrorBody", "get_scim_v2_user", session.ada.id)
    session.client.access_token = valid
    return f"404 {missing.code}; 409 {conflict.scim_type}; 400 {wrong.scim_type}; 429 {storm.code}; 401"


STEPS: tuple[tuple[str, Callable[[Session], str]], ...] = (
    ("token", token),
    ("create a user", create),
    ("read it", read),
    ("list with a filter", find),
    ("patch", patch),
    ("deactivate", deactivate),
    ("find a group", find_group),
    ("add and remove members", members),
    ("error shapes", errors),
)


def _typed(part: Any, kind: str, value: str) -> Any:
    part.type, part.value = kind, value
    return part


def main(arguments: list[str]) -> int:
    """Run the steps; 0 when all hold and the transcript is the committed one (or was written)."""
    import PureCloudPlatformClientV2 as sdk  # type: ignore[import-not-found]  # noqa: N813 - only in its environment

    recorder = Recorder(organisation())
    server = Server(recorder, "127.0.0.1", 0)
    server.start()
    sdk.configuration.host = f"http://127.0.0.1:{server.port}"
    session = Session(sdk, recorder)
    try:
        for number, (name, step) in enumerate(STEPS, 1):
            recorder.begin(name)
            print(f"{number}  {name:<23} {step(session)}")
    except Deviation as deviation:
        print(f"deviates: {deviation}", file=sys.stderr)
        return 1
    finally:
        server.close()
    said = json.dumps(recorder.steps, indent=1) + "\n"
    if "--write" in arguments:
        TRANSCRIPT.write_text(said, encoding="utf-8")
        print(f"written: {TRANSCRIPT.name}")
        return 0
    if said != TRANSCRIPT.read_text(encoding="utf-8"):
        print(f"{TRANSCRIPT.name} is not what was said now; --write renews it", file=sys.stderr)
        return 1
    print(f"as in {TRANSCRIPT.name}")
    return 0


if __name__ == "__main__":
    # The SDK reads and watches a file in the home directory: it gets an empty one.
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        sys.exit(main(sys.argv[1:]))
