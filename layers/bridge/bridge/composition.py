"""Putting the consumer together: from settings and the outside world to one object that handles batches."""

from __future__ import annotations

import random
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.batch import Backoff, BatchRun
from bridge.calls import Calls
from bridge.genesys.client import GenesysClient
from bridge.genesys.regions import endpoints
from bridge.genesys.token import GenesysAuth
from bridge.http import Auth, HttpClient, Transport
from bridge.items import Lane
from bridge.okta.auth import OAuthAuth, SswsAuth
from bridge.okta.client import OktaClient
from bridge.provisioning.accounts import Accounts
from bridge.provisioning.application import AppLook
from bridge.provisioning.assignments import Assignments
from bridge.provisioning.fingerprints import Fingerprints
from bridge.provisioning.groups import GroupLook
from bridge.provisioning.linking import Linking
from bridge.provisioning.ports import Clock, LaneSender, Pace, Store, UserMapper
from bridge.provisioning.users import UserLook
from bridge.secrets import Secrets
from bridge.settings import ConsumerSettings, OktaAuth

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from mypy_boto3_sqs import SQSClient

_PASSWORD_LENGTH = 40


class SystemClock:
    """The machine's own time."""

    @staticmethod
    def now() -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)


def random_password() -> str:
    """Forty characters of the operating system's randomness, with each kind that password rules ask for."""
    alphabet = string.ascii_letters + string.digits + "-_.!"
    kinds = [secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")]
    return "".join([*kinds, *(secrets.choice(alphabet) for _ in range(_PASSWORD_LENGTH - len(kinds)))])


@dataclass(frozen=True)
class Outside:
    """The world around the consumer: AWS in a function, fakes and models in tests.

    Attributes:
        store: everything the bridge remembers.
        lanes: the way into the lanes.
        sqs: for the visibility of failed messages.
        idempotency: Powertools' persistence layer for items that are done.
        secrets: the bridge's secret.
        hash_key: the secret with the key of fingerprints.
        mapper: the attribute map.
        pace: the shared call budget of ``genesys`` or of an Okta bucket (``okta-users``, ...), for a lane's share.
        sign: signs Okta's client assertion with the KMS key; needed for OKTA_AUTH=oauth.
        okta_transport: in place of the network.
        genesys_transport: in place of the network.
    """

    store: Store
    lanes: LaneSender
    sqs: SQSClient
    idempotency: BasePersistenceLayer
    secrets: Secrets
    hash_key: Secrets
    mapper: UserMapper
    pace: Callable[[str, Lane], Pace]
    sign: Callable[[bytes], bytes] | None = None
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.SystemRandom)
    make_password: Callable[[], str] = random_password
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None


class Consumer:
    """Handles the batches of all three lanes; leavers have the part of the call budget that others leave."""

    def __init__(self, settings: ConsumerSettings, outside: Outside) -> None:
        """Build the clients once; tokens live in them."""
        self._settings = settings
        self._outside = outside
        ends = endpoints(settings.genesys.region, settings.genesys.api_url, settings.genesys.login_url)
        self._okta_http = HttpClient(settings.okta.org_url, "okta", transport=outside.okta_transport)
        self._genesys_http = HttpClient(ends.api, "genesys", transport=outside.genesys_transport)
        self._login_http = HttpClient(ends.login, "genesys", transport=outside.genesys_transport)
        self._okta_auth = self._sign_in_to_okta()
        self._genesys_auth = GenesysAuth(self._login_http, self._genesys_credentials, outside.clock)
        self._lane_of = {
            _queue_name(settings.lanes.leavers): Lane.LEAVERS,
            _queue_name(settings.lanes.users): Lane.USERS,
            _queue_name(settings.lanes.groups): Lane.GROUPS,
        }
        others = self._run(Lane.USERS)
        self._runs = {Lane.LEAVERS: self._run(Lane.LEAVERS), Lane.USERS: others, Lane.GROUPS: others}

    def handle(self, event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """Answer a Lambda SQS event of one lane."""
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        lane = self._lane_of[name]
        lanes = self._settings.lanes
        url = {Lane.LEAVERS: lanes.leavers, Lane.USERS: lanes.users, Lane.GROUPS: lanes.groups}[lane]
        return self._runs[lane].handle(event, context, url)

    def close(self) -> None:
        """Give the connections back; a function never does, for its environment ends with them."""
        for client in (self._okta_http, self._genesys_http, self._login_http):
            client.close()

    def _run(self, lane: Lane) -> BatchRun:
        outside, settings = self._outside, self._settings
        calls = Calls(outside.clock)
        okta = OktaClient(
            self._okta_http,
            self._okta_auth,
            settings.okta.app_id,
            outside.clock,
            pace=lambda bucket: outside.pace(f"okta-{bucket}", lane),
            record=calls.recorder("okta"),
        )
        genesys = GenesysClient(
            self._genesys_http,
            self._genesys_auth,
            pace=outside.pace("genesys", lane),
            record=calls.recorder("genesys"),
        )
        lag = timedelta(seconds=settings.provisioning.read_lag_seconds)
        assignments = Assignments(okta, outside.store, outside.clock, lag=lag)
        linking = Linking(okta, outside.store, outside.clock, settings.provisioning)
        accounts = Accounts(
            genesys=genesys,
            okta=okta,
            store=outside.store,
            lanes=outside.lanes,
            clock=outside.clock,
            settings=settings.provisioning,
            fingerprints=Fingerprints(lambda: outside.hash_key.get("hash_key").encode()),
            make_password=outside.make_password,
        )
        return BatchRun(
            looks={
                "user": UserLook(
                    okta=okta,
                    accounts=accounts,
                    mapper=outside.mapper,
                    store=outside.store,
                    lanes=outside.lanes,
                    clock=outside.clock,
                    assignments=assignments,
                    linking=linking,
                    settings=settings.provisioning,
                ),
                "group": GroupLook(
                    okta=okta,
                    genesys=genesys,
                    store=outside.store,
                    clock=outside.clock,
                    linking=linking,
                    settings=settings.provisioning,
                ),
                "app": AppLook(store=outside.store, lanes=outside.lanes, assignments=assignments, linking=linking),
            },
            store=outside.store,
            sqs=outside.sqs,
            idempotency=outside.idempotency,
            clock=outside.clock,
            rng=outside.rng,
            calls=calls,
            mode=settings.provisioning.mode,
            backoff=Backoff(settings.backoff_seconds, settings.backoff_limit_seconds),
            read_lag=lag,
        )

    def _sign_in_to_okta(self) -> Auth:
        okta, outside = self._settings.okta, self._outside
        if okta.auth is OktaAuth.SSWS:
            return SswsAuth(lambda: outside.secrets.get("okta_token"))
        if outside.sign is None:
            raise ValueError("OKTA_AUTH=oauth needs a signer")
        return OAuthAuth(self._okta_http, okta.client_id, outside.sign, okta.kms_key_id, outside.clock)

    def _genesys_credentials(self) -> tuple[str, str]:
        return self._outside.secrets.get("genesys_client_id"), self._outside.secrets.get("genesys_client_secret")


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]
