"""What the functions depend on outside of their own code: AWS, Okta, Genesys Cloud, time and chance.

A member is made when it is first wanted, and only then is imported what it is made of: the receiver wants two, and
starts without the libraries of the others.
"""

from __future__ import annotations

import random
import secrets
import string
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from bridge.aws.clock import SystemClock
from bridge.aws.queues import SqsQueues
from bridge.aws.secrets import Secrets
from bridge.aws.telemetry import stack_name
from bridge.settings import OktaAuth

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from bridge.aws.store.shared import Shared
    from bridge.aws.upstreams import GenesysSide, OktaSide
    from bridge.items import Queue
    from bridge.outbound.http import Transport
    from bridge.provisioning.ports import Clock, Notifier, Pace, UserMapper
    from bridge.provisioning.runs import Memory, Queues

_PASSWORD_LENGTH = 40


class Dependencies:
    """What a function depends on; in a function each member is the real thing, in tests what was given in its place.

    Attributes:
        settings: those of the function; a member reads the fields that it is made of.
        given: what stands in the place of members, by name.
    """

    #: How patient the clients of AWS are: a call that hangs must not use up the time of a sync.
    client_config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    #: In place of the network; None is the network.
    okta_transport: Transport | None = None
    genesys_transport: Transport | None = None
    sts_transport: Transport | None = None

    def __init__(self, settings: Any, **given: Any) -> None:
        """Make nothing yet; TypeError when `given` names no member."""
        if unknown := sorted(name for name in given if name.startswith("_") or not hasattr(type(self), name)):
            raise TypeError(f"no dependency is called {', '.join(unknown)}")
        self.settings = settings
        self.given = given
        vars(self).update(given)

    def replace(self, **given: Any) -> Dependencies:
        """The same with other members."""
        return Dependencies(self.settings, **{**self.given, **given})

    # ------------------------------------------------------------------------------------- time, chance

    @cached_property
    def clock(self) -> Clock:
        """Our time."""
        return SystemClock()

    @cached_property
    def pause(self) -> Callable[[float], None]:
        """Lets seconds pass."""
        return time.sleep

    @cached_property
    def rng(self) -> random.Random:
        """Chance, for waits."""
        return random.SystemRandom()

    @cached_property
    def make_password(self) -> Callable[[], str]:
        """Makes the password of a new user."""
        return random_password

    # ---------------------------------------------------------------------------------------------- AWS

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return boto3.client("dynamodb", config=self.client_config)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS: the queues, and the visibility of failed messages."""
        return boto3.client("sqs", config=self.client_config)

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return boto3.client("secretsmanager", config=self.client_config)

    @cached_property
    def lambda_client(self) -> LambdaClient:
        """Lambda: the event source mappings of the queues, and the reconciler."""
        return boto3.client("lambda", config=self.client_config)

    @cached_property
    def store(self) -> Memory:
        """Everything the bridge remembers."""
        from bridge.aws.store.dynamo import DynamoStore

        return DynamoStore(self.dynamodb, self.settings.state_table, shared=self.shared)

    @cached_property
    def shared(self) -> Shared:
        """The breakers and the call budgets, read together."""
        from bridge.aws.store.shared import WATCHED, Shared
        from bridge.aws.store.table import StateTable

        return Shared(StateTable(self.dynamodb, self.settings.state_table), self.clock, WATCHED)

    @cached_property
    def idempotency(self) -> BasePersistenceLayer:
        """Powertools' records of items that are done."""
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

        return DynamoDBPersistenceLayer(table_name=self.settings.idempotency_table, boto3_client=self.dynamodb)

    @cached_property
    def queues(self) -> Queues:
        """The way into the queues, and how much waits in them."""
        return SqsQueues(self.sqs, self.settings.queues)

    @cached_property
    def oldest_change(self) -> Callable[[], timedelta | None]:
        """How long the oldest change waits in the queues."""
        from bridge.aws.queue_ages import QueueAges

        queues = self.settings.queues
        client = boto3.client("cloudwatch", config=self.client_config)
        return QueueAges(client, (queues.leavers, queues.users, queues.groups), self.clock).oldest

    @cached_property
    def secrets(self) -> Secrets:
        """The bridge's secret."""
        return Secrets(self.secretsmanager, self.settings.secret_id)

    @cached_property
    def hash_key(self) -> Secrets:
        """The secret with the key of fingerprints."""
        return Secrets(self.secretsmanager, self.settings.hash_key_secret_id)

    @cached_property
    def notifier(self) -> Notifier:
        """Tells people about holds."""
        from bridge.aws.notifications import SnsNotifier

        sns = boto3.client("sns", config=self.client_config)
        return SnsNotifier(sns, self.settings.notification_topic_arn, self.stack)

    @cached_property
    def stack(self) -> str:
        """What the command line calls this bridge."""
        return stack_name()

    @cached_property
    def pace(self) -> Callable[[str, Queue], Pace]:
        """The call budget of ``genesys`` or of an Okta bucket (``okta-users``, ...), for a queue's share."""
        from bridge.aws.budgets import paces

        per_minute = self.settings.genesys.requests_per_minute
        return paces(self.dynamodb, self.settings.state_table, per_minute, self.clock, self.shared)

    @cached_property
    def sign(self) -> Callable[[bytes], bytes] | None:
        """Signs Okta's client assertion with the KMS key; None where an API token is used."""
        from bridge.okta.auth import kms_signer

        if self.settings.okta.auth is not OktaAuth.OAUTH:
            return None
        return kms_signer(boto3.client("kms", config=self.client_config), self.settings.okta.kms_key_id)

    # ---------------------------------------------------------------------------------------- both sides

    @cached_property
    def mapper(self) -> UserMapper:
        """The attribute map."""
        from bridge.aws.store.maps import MapRecords
        from bridge.aws.store.table import StateTable
        from bridge.mapping.source import CurrentMap

        kept = MapRecords(StateTable(self.dynamodb, self.settings.state_table))
        return CurrentMap(self.settings.mapping, kept, _note_refused_map, client=self._ssm)

    @property
    def map_refused(self) -> str:
        """Why the newest attribute map is not in force, empty while it is."""
        return str(getattr(self.mapper, "refused", ""))

    def _ssm(self) -> Any:
        return boto3.client("ssm", config=self.client_config)

    def refresh(self) -> None:
        """Between two pieces of work: take what was changed in AWS meanwhile, such as the attribute map."""
        refresh = getattr(self.mapper, "refresh", None)
        if refresh is not None:
            refresh()

    def map_of(self, text: str) -> UserMapper:
        """The map of a text, under the settings that the real one has; SettingsError when it is wrong."""
        from bridge.mapping.source import parse

        return parse(self.settings.mapping, text)

    @cached_property
    def linked_names(self) -> Callable[[], tuple[str, ...]]:
        """The names and globs of groups to link."""
        from bridge.aws.linked_names import LinkedNames

        return LinkedNames(self.settings.provisioning.linked_groups, self._ssm)

    @property
    def map_text(self) -> tuple[str, str] | None:
        """Name and text of the SSM parameter that has the attribute map; None where it comes from elsewhere."""
        from bridge.mapping.source import has_parameter, read_text

        mapping = self.settings.mapping
        return (mapping.source, read_text(mapping, self._ssm).text) if has_parameter(mapping) else None

    @cached_property
    def okta(self) -> OktaSide:
        """Okta."""
        from bridge.aws.upstreams import OktaSide

        return OktaSide(
            self.settings.okta,
            secrets=self.secrets,
            pace=self.pace,
            sign=self.sign,
            clock=self.clock,
            transport=self.okta_transport,
        )

    @cached_property
    def genesys(self) -> GenesysSide:
        """Genesys Cloud."""
        from bridge.aws.upstreams import GenesysSide

        return GenesysSide(
            self.settings.genesys,
            secrets=self.secrets,
            pace=self.pace,
            clock=self.clock,
            transport=self.genesys_transport,
        )

    def close(self) -> None:
        """Give the connections to both sides back; a function never does, for its environment ends with them."""
        for side in ("okta", "genesys"):
            if side in vars(self):
                vars(self)[side].close()


def _note_refused_map(why: str) -> None:
    from bridge.aws.telemetry import Metric, count, logger

    count(Metric.MAP_REFUSED)
    logger.error("the newest attribute map is wrong; the last good one stays in force", extra={"why": why})


def random_password() -> str:
    """Forty characters of the operating system's randomness, with each kind that password rules ask for."""
    alphabet = string.ascii_letters + string.digits + "-_.!"
    kinds = [secrets.choice(kind) for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")]
    return "".join([*kinds, *(secrets.choice(alphabet) for _ in range(_PASSWORD_LENGTH - len(kinds)))])
