"""How much memory a whole reconcile takes, and how many calls: ``make reconcile-memory``, USERS=100000.

A process of its own runs the real reconciler with everything that its function imports. Okta and Genesys Cloud are
pages made on the fly from one real page of the models, and so are the links: what is measured is the reconciler, not
the models. One group has everybody. The peak is the operating system's (``ru_maxrss``).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, cast
from urllib.parse import parse_qs

import boto3

from bridge.aws.dependencies import Dependencies
from bridge.items import Item
from bridge.mapping.attribute_map import AttributeMap
from bridge.outbound.http import Transport, WireRequest, WireResponse
from bridge.provisioning import scim
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.hold_records import Hold
from bridge.provisioning.records import AppListing, AppState, GroupLink, GroupState
from bridge.provisioning.user_records import Origin, UserLink, UserState
from bridge.provisioning.values import OktaUser
from bridge.reconcile.composition import ReconcilerEvents
from bridge.settings import SyncSettings, UserNameSource
from bridge_local.exchange import Request
from bridge_local.genesys import GenesysModel
from bridge_local.memory.reconcile import MemoryRuns
from bridge_local.okta import OktaModel
from bridge_local.poller import LocalContext
from bridge_local.template import Template
from functions.reconciler import app

APP_ID, GROUP, GENESYS_GROUP = "0oaGenesysCloudApp5d", "00gEverybody00000001", "99999999-0000-4000-8000-000000000001"
ENVIRONMENT = {
    "OKTA_ORG_URL": "https://example.okta.com",
    "OKTA_APP_ID": APP_ID,
    "OKTA_AUTH": "ssws",
    "GENESYS_REGION": "us-east-1",
    "BRIDGE_SECRET_ID": "bridge",
    "HASH_KEY_SECRET_ID": "hash",
    "STATE_TABLE": "state",
    "LEAVERS_QUEUE_URL": "leavers",
    "USERS_QUEUE_URL": "users",
    "GROUPS_QUEUE_URL": "groups",
    "DEFAULT_PHONE_REGION": "US",
    "MODE": "enforce",
    "LINK_ASSIGNED_GROUPS": "false",
}
_PROFILE = {
    "firstName": "Person",
    "lastName": "Sample",
    "title": "Service Representative",
    "department": "Customer Care, North",
    "mobilePhone": "+14155552671",
    "employeeNumber": "E-4711",
    "organization": "Example Corporation",
    "streetAddress": "1 Market Street",
    "city": "San Francisco",
}


MAPPER = AttributeMap.default(user_name=UserNameSource.EMAIL, default_region="US")
#: The function's clients weigh, too, although nothing is sent through them here.
_AWS: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}


def values_of(user: dict[str, Any]) -> dict[str, Any]:
    """What Genesys Cloud should hold of the sample."""
    return dict(MAPPER.map_user(OktaUser("00uSAMPLE", "ACTIVE", user), None).values)


def okta_id(number: int) -> str:
    """The Okta id of a person."""
    return f"00u{number:017d}"


def genesys_id(number: int) -> str:
    """The Genesys Cloud id of a person."""
    return f"{number:08d}-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Sample:
    """One person as each side shows them; the others differ in ids and address."""

    assignment: str
    user: str
    account: str

    @classmethod
    def take(cls) -> Sample:
        """From the models, so that the documents are as large as real ones."""

        def now() -> datetime:
            return datetime(2026, 11, 24, tzinfo=UTC)

        okta = OktaModel(now, Random(1), app_id=APP_ID, api_token="okta-token")  # noqa: S311, S106 - made up
        okta.create_user(
            {"login": "person-sample@example.com", "email": "person-sample@example.com", **_PROFILE},
            user_id="00uSAMPLE",
        )
        okta.assign_user("00uSAMPLE")
        headers = {"authorization": "SSWS okta-token"}
        page = okta.handle(Request.of("GET", f"/api/v1/apps/{APP_ID}/users?expand=user", headers))
        [entry] = json.loads(page.body)
        user = entry["_embedded"]["user"]
        genesys = GenesysModel(now, Random(1))  # noqa: S311 - as above
        made = genesys.add_user(scim.create_document(values_of(user), active=True, external_id="00uSAMPLE"))
        account = json.dumps(genesys.user(made)).replace(made, "@GENESYS@")
        return cls(json.dumps(entry), json.dumps(user), account)


def _filled(text: str, number: int) -> str:
    filled = text.replace("00uSAMPLE", okta_id(number)).replace("@GENESYS@", genesys_id(number))
    return filled.replace("person-sample", f"person-{number}")


@dataclass
class Pages(Transport):
    """Both sides' answers, made when they are asked for."""

    users: int
    sample: Sample
    calls: Counter[str] = field(default_factory=Counter)

    def handle_request(self, request: WireRequest) -> WireResponse:
        """Answer one request."""
        path, query = request.url.path, parse_qs(request.url.query.decode())
        headers = {"Date": "Tue, 24 Nov 2026 09:00:00 GMT", "Content-Type": "application/json"}
        if path == "/oauth/token":
            return WireResponse(200, headers=headers, json={"access_token": "t", "expires_in": 86_400})
        self.calls["okta" if path.startswith("/api/v1") else "genesys"] += 1
        if path.endswith((f"/{GROUP}/users", "/users")) and path.startswith("/api/v1"):
            body, following = self._okta_page(path, int(query["limit"][0]), int(query.get("after", ["0"])[0]))
            if following:
                link = f'<https://example.okta.com{path}?limit={query["limit"][0]}&after={following}>; rel="next"'
                headers["Link"] = link
            return WireResponse(200, headers=headers, content=body.encode())
        return WireResponse(200, headers=headers, content=self._other(path, query).encode())

    def _okta_page(self, path: str, limit: int, after: int) -> tuple[str, int]:
        text = self.sample.assignment if "/apps/" in path else self.sample.user
        last = min(after + limit, self.users)
        page = ",".join(_filled(text, number) for number in range(after, last))
        return f"[{page}]", last if last < self.users else 0

    def _other(self, path: str, query: dict[str, list[str]]) -> str:
        if path.endswith(APP_ID):
            return json.dumps({"id": APP_ID, "status": "ACTIVE"})
        if path.endswith(GROUP):
            return json.dumps({"id": GROUP, "profile": {"name": "Everybody"}})
        if path.endswith(GENESYS_GROUP):
            members = [{"type": "User", "value": genesys_id(number)} for number in range(self.users)]
            return json.dumps({"id": GENESYS_GROUP, "displayName": "Everybody", "members": members})
        total = 0 if "filter" in query else self.users
        start, count = int(query["startIndex"][0]) - 1, int(query["count"][0])
        page = [_filled(self.sample.account, number) for number in range(start, min(start + count, total))]
        return f'{{"totalResults": {total}, "Resources": [{",".join(page)}]}}'


@dataclass
class Links(MemoryRuns):
    """The bridge's memory, made when it is asked for."""

    users_in_all: int = 0
    fingerprints: Fingerprints | None = None
    values: dict[str, Any] = field(default_factory=dict)
    known: bool = True

    def app(self) -> AppState:
        """Long in use, or about to compare for the first time."""
        return AppState(bootstrapped=self.known, reconciled="enforce")

    def set_bootstrapped(self) -> None:
        """Nothing to remember."""

    def listing(self) -> AppListing | None:
        """None is kept."""
        return None

    def keep_listing(self, _listing: AppListing, _place: str, _ids: Iterable[str]) -> None:
        """Nothing to remember."""

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        """The links of these users."""
        return {wanted: self._link(int(wanted[3:])) for wanted in okta_ids} if self.known else {}

    def all_users(self) -> Iterator[UserLink]:
        """Every link."""
        return map(self._link, range(self.users_in_all if self.known else 0))

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        """Everybody owns the account of the same number."""
        return {wanted: f"user:{okta_id(int(wanted[:8]))}" for wanted in genesys_ids} if self.known else {}

    def groups(self) -> list[GroupLink]:
        """The one group."""
        return [
            GroupLink(
                GROUP,
                state=GroupState.LINKED,
                genesys_id=GENESYS_GROUP,
                linked_by="operator",
                first_sync_ended=True,
            )
        ]

    def exceptions(self, _entity: str) -> frozenset[str]:
        """Nobody is excepted."""
        return frozenset()

    def hold(self, _entity: str) -> Hold | None:
        """Nothing is held."""
        return None

    def note_reconciled(self, _mode: str) -> None:
        """Nothing to remember."""

    def _link(self, number: int) -> UserLink:
        if self.fingerprints is None:
            raise LookupError("no fingerprints")
        values = {path: _filled(value, number) for path, value in self.values.items()}
        return UserLink(
            okta_id(number),
            state=UserState.LINKED,
            genesys_id=genesys_id(number),
            active=True,
            origin=Origin.CREATED,
            status="ACTIVE",
            assigned=True,
            hashes=self.fingerprints.of_all(values),
        )


@dataclass
class Sent:
    """Queues that count."""

    items: int = 0

    def send(self, items: Sequence[Item]) -> None:
        """Count the items."""
        self.items += len(items)

    def waiting(self) -> int:
        """Everything is worked off at once."""
        return 0


class _Words:
    """Secrets, and a budget without limit."""

    @staticmethod
    def get(key: str) -> str:
        """Any value."""
        return key * 4

    def take(self) -> None:
        """Always granted."""

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Nothing to learn."""


def measure(users: int, *, known: bool) -> dict[str, Any]:
    """Run a whole reconcile in this process and say what it took."""
    sample = Sample.take()
    clients = [boto3.client(cast("Any", service), **_AWS) for service in ("dynamodb", "sqs", "secretsmanager", "kms")]
    values = {**values_of(json.loads(sample.user)), "externalId": "00uSAMPLE"}
    pages, sent, words = Pages(users, sample), Sent(), _Words()
    fingerprints = Fingerprints(lambda: words.get("hash_key").encode())
    store = Links(users_in_all=users, fingerprints=fingerprints, values=values, known=known)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    settings = SyncSettings.read(ENVIRONMENT)
    events = ReconcilerEvents(
        settings,
        Dependencies(
            settings,
            store=cast("Any", store),
            queues=sent,
            secrets=cast("Any", words),
            hash_key=cast("Any", words),
            mapper=MAPPER,
            pace=lambda _upstream, _queue: words,
            pause=lambda _seconds: None,
            okta_transport=pages,
            genesys_transport=pages,
        ),
    )
    began, invocations, answer = time.monotonic(), 0, {"outcome": "waits"}
    while answer["outcome"] == "waits":
        context = LocalContext("Reconciler", Template().function("Reconciler")["Timeout"])
        answer = events.handle({"do": "start"}, cast("Any", context))
        invocations += 1
    run = cast("dict[str, Any]", answer["run"])
    return {
        "clients": len(clients),
        "outcome": answer["outcome"],
        "failed": run["failed"],
        "found": run["counts"],
        "items": sent.items,
        "calls": dict(pages.calls),
        "seconds": round(time.monotonic() - began),
        "invocations": invocations,
        "before_mb": round(before / 1024),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> int:
    """Measure in processes of their own; 1 when one takes more than the function has, or fails."""
    users = int(os.environ.get("USERS") or 100_000)
    limit = int(Template().function("Reconciler")["MemorySize"])
    print(f"A whole reconcile of {users:,} users, all of them in one group; the function has {limit} MB.")
    wrong = False
    for name, case in (("nothing differs", "known"), ("everybody is new", "new")):
        done = subprocess.run(  # noqa: S603 - this very file
            [sys.executable, "-m", "benchmarks.reconcile_memory", case, str(users)],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        wrong = wrong or told["peak_mb"] > limit or told["outcome"] != "ended"
        print(
            f"{name}: peak {told['peak_mb']} MB ({told['before_mb']} MB before it began), {told['items']:,} items, "
            f"calls {told['calls']}, {told['seconds']} s of work in {told['invocations']} invocation(s), "
            f"{told['outcome']} {told['failed']}".rstrip()
        )
    return int(wrong)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        app.compose.cache_clear()  # the function is imported, so that what it needs weighs too
        with contextlib.redirect_stdout(sys.stderr):
            result = measure(int(sys.argv[2]), known=sys.argv[1] == "known")
        print(json.dumps(result))
        sys.exit(0)
    sys.exit(main())
