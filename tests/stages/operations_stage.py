"""The operations and approvals functions over the company of `tests.world`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from botocore.exceptions import ClientError

from bridge.approvals.approvals import Approvals
from bridge.approvals.identity import Identities
from bridge.approvals.signing import binding
from bridge.aws.dependencies import Dependencies
from bridge.aws.secrets import Secrets
from bridge.errors import Transient
from bridge.items import parse_item
from bridge.mapping.attribute_map import AttributeMap
from bridge.operations.answers import Refused
from bridge.operations.composition import build
from bridge.operations.decision_requests import parse_decision
from bridge.operations.edge import answered
from bridge.operations.settings import OperationsSettings
from bridge.provisioning.hold_records import Hold, HoldState
from bridge.settings import UserNameSource
from bridge_local.transport import ModelTransport
from tests.world import APP_ID, FreePace, StubSecrets, World

FUNCTION = "bridge-Approvals-1"


@dataclass
class Mappings:
    """Lambda's event source mappings, and its functions.

    Attributes:
        enabled: by id; an unknown one is enabled.
        invoked: function, type and payload of every invocation.
        broken: whether Lambda's API fails.
    """

    enabled: dict[str, bool] = field(default_factory=dict)
    invoked: list[tuple[str, str, bytes]] = field(default_factory=list)
    broken: bool = False

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, int]:  # noqa: N803 - boto3's names
        """An invocation."""
        self._fail()
        self.invoked.append((FunctionName, InvocationType, Payload))
        return {"StatusCode": 202}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        """How one is."""
        self._fail()
        return {"State": "Enabled" if self.enabled.get(UUID, True) else "Disabled"}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> dict[str, str]:  # noqa: N803 - boto3's names
        """Change one."""
        self._fail()
        self.enabled[UUID] = Enabled
        return {"State": "Enabling" if Enabled else "Disabling"}

    def _fail(self) -> None:
        if self.broken:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "any")


class Depths:
    """SQS, as far as its depths."""

    @staticmethod
    def get_queue_attributes(*, QueueUrl: str, AttributeNames: list[str]) -> dict[str, dict[str, str]]:  # noqa: N803 - boto3's names
        """Different numbers for each attribute; no dead letters."""
        dead = QueueUrl.endswith("/dead")
        return {"Attributes": {name: str(0 if dead else len(QueueUrl) + at) for at, name in enumerate(AttributeNames)}}


class Passport(Identities):
    """Takes ``<arn>|<binding>`` for a signed URL: the real one has tests of its own."""

    def __init__(self) -> None:
        """Nothing to set up."""

    def confirm(self, url: str, decision: str) -> str:
        """The ARN, if it was signed for this decision."""
        arn, _, bound = url.partition("|")
        if bound != decision:
            raise Refused("identity-refused", "identity: for another decision", field="identity")
        return arn


@dataclass
class Stage:
    """What operators and approvers work with.

    Attributes:
        world: the company.
        variables: further settings of the operations function.
        sign: signs for a service app, where the settings ask for one.
    """

    world: World = field(default_factory=World)
    variables: dict[str, str] = field(default_factory=dict)
    sign: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        self.mappings = Mappings()
        self.secrets = StubSecrets(
            hook_secret="hook",
            okta_token="okta-token",
            genesys_client_id="client",
            genesys_client_secret="client-secret",
        )
        self.restart()

    def restart(self) -> None:
        """New processes."""
        world = self.world
        self._settings = {**world.variables, **self.variables}
        environment = {
            "OKTA_ORG_URL": "https://example.okta.com",
            "OKTA_APP_ID": APP_ID,
            "OKTA_AUTH": "ssws",
            "GENESYS_REGION": "us-east-1",
            "BRIDGE_SECRET_ID": "bridge",
            "HASH_KEY_SECRET_ID": "hash",
            "STATE_TABLE": "state",
            "LEAVERS_QUEUE_URL": "https://sqs.example/leavers",
            "USERS_QUEUE_URL": "https://sqs.example/users",
            "GROUPS_QUEUE_URL": "https://sqs.example/groups",
            "DEAD_LETTER_QUEUE_URL": "https://sqs.example/dead",
            "LEAVERS_MAPPING_ID": "m-leavers",
            "USERS_MAPPING_ID": "m-users",
            "GROUPS_MAPPING_ID": "m-groups",
            "DEFAULT_PHONE_REGION": "US",
            "MODE": "enforce",
            "RECONCILER_FUNCTION": "bridge-Reconciler-1",
            **self._settings,
        }
        settings = OperationsSettings.read(environment)
        self.operations = build(
            settings,
            Dependencies(
                settings,
                store=world.store,
                queues=world.queues,
                sqs=cast("Any", Depths()),
                lambda_client=cast("Any", self.mappings),
                oldest_change=world.queues.oldest,
                secrets=cast("Secrets", self.secrets),
                hash_key=cast("Secrets", StubSecrets(hash_key="k" * 32)),
                mapper=AttributeMap.default(user_name=UserNameSource.EMAIL, default_region="US"),
                notifier=world.people_told,
                pace=lambda _upstream, _queue: FreePace(),
                stack="bridge-test",
                clock=world.clock,
                sign=self.sign,
                okta_transport=ModelTransport(world.okta),
                genesys_transport=ModelTransport(world.genesys),
            ),
        )
        self.approvals = Approvals(world.store, world.queues, world.clock, Passport(), FUNCTION)

    def answer(self, do: str, *, reader: bool = False, **fields: Any) -> dict[str, Any]:
        """A request and its answer; by new processes where a setting has changed."""
        if self._settings != {**self.world.variables, **self.variables}:
            self.restart()
        answer = self.operations.handle({"do": do, **fields}, reader=reader)
        assert isinstance(answer, dict)
        return answer

    def ask(self, do: str, *, reader: bool = False, **fields: Any) -> dict[str, Any]:
        """A request and its good answer."""
        answer = self.answer(do, reader=reader, **fields)
        assert answer["ok"], answer
        return answer

    def refused(self, do: str, *, reader: bool = False, **fields: Any) -> str:
        """A request that is refused: the reason."""
        answer = self.answer(do, reader=reader, **fields)
        assert not answer["ok"], answer
        return str(answer["error"]["reason"])

    def decide(
        self, do: str, entity: str, number: int, revision: int, *, by: str = "arn:aws:iam::123456789012:user/ada"
    ) -> dict[str, Any]:
        """An approval or a rejection, signed for just that; the answer whatever it is."""
        why = "OPS-17"
        bound = binding(FUNCTION, do, entity, number, revision, why)
        asked = {"do": do, "entity": entity, "number": number, "revision": revision, "why": why}
        return answered(lambda: self.approvals.decide(parse_decision({**asked, "identity": f"{by}|{bound}"})))

    def waiting(self) -> list[tuple[str, str]]:
        """Entity and reason of every item that is in a queue."""
        bodies = [message.body for queue in self.world.queues.queues.values() for message in queue.messages]
        return [(item.entity, item.reason.value) for item in map(parse_item, bodies)]

    def open_hold(
        self,
        entity: str,
        *users: str,
        number: int = 1,
        state: HoldState = HoldState.OPEN,
        opened: datetime | None = None,
    ) -> Hold:
        """A hold that stages these users in its first revision."""
        now = opened or self.world.clock.now()
        hold = Hold(
            entity=entity,
            number=number,
            state=state,
            revision=1,
            reason="ceiling-count",
            staged=len(users),
            events=("e1",),
            opened=now,
            changed=now,
            explanation="W=3 c=0 B=4",
        )
        self.world.store.save_hold(hold)
        newest = self.world.store.hold(entity)
        if newest == hold:
            self.world.store.stage(entity, number, 1, users)
        return hold


class BrokenQueues:
    """Queues that take nothing."""

    @staticmethod
    def send(_items: object) -> None:
        """Never."""
        raise Transient("queues-unavailable", upstream="queues")
