"""An administrator's admin: the real command, Okta's model, the real receiver, and a secret with its versions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge.aws.secrets import Secrets
from bridge.outbound.http import Transport, WireRequest, WireResponse
from bridge_local.exchange import Request
from bridge_local.transport import ModelTransport
from functions.receiver import app as receiver_app
from tests.stages.cli_office import Office
from tests.stages.cli_stage import OUTPUTS, READERS, FakeAws, Ran
from tests.stages.operations_stage import Stage
from tests.world import HOOK_URL, Context, World

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CREDENTIAL = "okta-token"
KEY_ID = "11111111-2222-3333-4444-555555555555"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bridge"


@dataclass
class Manager(FakeAws):
    """AWS with one secret, and what else the set-up asks of it.

    Attributes:
        versions: every value that the secret has had, the newest last.
        under_old: deliveries under the old secret, as CloudWatch has them.
        key: the signing key.
        dies_after: so many versions are written, then the command is interrupted.
    """

    versions: list[dict[str, str]] = field(default_factory=list)
    under_old: float = 0
    key: RSAPrivateKey | None = None
    dies_after: int = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - as boto3 has it
        """Secrets Manager's answer."""
        assert SecretId == SECRET_ARN
        if not self.versions:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetSecretValue")
        return {"SecretString": json.dumps(self.versions[-1])}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> dict[str, str]:  # noqa: N803 - as boto3 has it
        """Likewise."""
        assert SecretId == SECRET_ARN
        self.versions.append(json.loads(SecretString))
        if len(self.versions) == self.dies_after:
            raise KeyboardInterrupt
        return {}

    def get_public_key(self, *, KeyId: str) -> dict[str, bytes]:  # noqa: N803 - as boto3 has it
        """KMS's answer."""
        assert KeyId == KEY_ID
        assert self.key is not None
        return {"PublicKey": self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)}

    def get_metric_data(self, *, MetricDataQueries: list[Any], StartTime: Any, EndTime: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """CloudWatch's answer."""
        assert MetricDataQueries[0]["MetricStat"]["Metric"]["Namespace"] == "OktaGenesysBridge/prod"
        assert (EndTime - StartTime).total_seconds() == 1800
        return {"MetricDataResults": [{"Values": [self.under_old]}]}

    def get_account_settings(self) -> dict[str, Any]:
        """Lambda's answer."""
        return {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}

    def get_topic_attributes(self, *, TopicArn: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """SNS's answer."""
        assert TopicArn == TOPIC
        return {"Attributes": {"SubscriptionsConfirmed": "1"}}


class StoredSecrets(Secrets):
    """The secret as a function reads it at this moment."""

    def __init__(self, manager: Manager) -> None:
        """Of one AWS."""
        super().__init__(cast("Any", manager), SECRET_ARN, clock=lambda: 0.0)

    def find(self, key: str) -> str:
        """Always read anew."""
        self._values = None
        return super().find(key)


class Network(Transport):
    """Leads to Okta's model and to the real receiver, by host."""

    def __init__(self, admin: Admin) -> None:
        """Of one admin."""
        self._desk = admin
        self._okta = ModelTransport(admin.world.okta)

    def handle_request(self, request: WireRequest) -> WireResponse:
        """The answer of the host."""
        if request.url.host == "example.okta.com":
            return self._okta.handle_request(request)
        assert str(request.url) == HOOK_URL
        status, body = self._desk.receive("GET", dict(request.headers))
        return WireResponse(status, content=body)


class Admin:
    """An administrator, a deployed bridge, and Okta before anything is set up.

    Attributes:
        office: runs the commands.
        world: the company.
        manager: AWS.
        deaf: secrets that the receiver does not take, whatever Secrets Manager has.
    """

    def __init__(self, key: RSAPrivateKey | None = None) -> None:
        """A admin with a signing key is that of a bridge that signs in as a service app."""
        variables = {} if key is None else {"OKTA_AUTH": "oauth", "OKTA_KMS_KEY_ID": KEY_ID}
        sign = None if key is None else (lambda message: key.sign(message, PKCS1v15(), SHA256()))
        stage = Stage(World(bootstrapped=key is None), variables, sign)
        self.office = Office(stage)
        self.world: World = stage.world
        outputs = {**OUTPUTS, "HookUrl": HOOK_URL, "AlarmTopicArn": TOPIC, "BridgeSecretArn": SECRET_ARN}
        self.manager = Manager(self.office.aws.functions, outputs=outputs)
        self.manager.key = key
        stage.secrets = cast("Any", StoredSecrets(self.manager))
        stage.restart()
        self.manager.functions |= {
            OUTPUTS["OperationsFunction"]: stage.operations.handle,
            READERS: lambda payload: stage.operations.handle(payload, reader=True),
        }
        self.office.aws = self.manager
        self.office.network = Network(self)
        self.world.okta.set_challenge(lambda _url, headers, _timeout: self.receive("GET", dict(headers)))
        self.deaf: set[str] = set()

    @property
    def secret(self) -> dict[str, str]:
        """The secret's present value."""
        return self.manager.versions[-1]

    def bridge(self, line: str, *typed: str, code: int | None = 0) -> Ran:
        """A command whose standard input has these lines; it ends with `code`, or with any where that is None."""
        ran = self.office.bridge(line, code=code, lines=typed)
        for value in {*typed, *(each.get(key, "") for each in self.manager.versions for key in _SECRETS)} - {""}:
            assert value not in ran.out + ran.err, "a secret is shown"
        return ran

    def receive(self, method: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """What the real receiver answers, in a process that has just read the secret."""
        kept = self.manager.versions[-1] if self.manager.versions else {}
        self.world.secrets.values = {key: "" if value in self.deaf else value for key, value in kept.items()}
        if not self.world.secrets.values.get("hook_secret"):
            self.world.secrets.values["hook_secret"] = "nobody knows it"
        receiver = self.world.new_receiver(self.world.queues)
        compose, receiver_app.compose = receiver_app.compose, cast("Any", lambda: receiver)
        try:
            answer = receiver_app.handler(
                {"httpMethod": method, "headers": headers, "body": "{}"}, cast("Any", Context())
            )
        finally:
            receiver_app.compose = compose
        return answer["statusCode"], answer["body"].encode()

    def hooks(self) -> list[dict[str, Any]]:
        """Okta's event hooks."""
        headers = {"authorization": f"SSWS {CREDENTIAL}"}
        answer = self.world.okta.handle(Request.of("GET", "/api/v1/eventHooks", headers, b""))
        return list(json.loads(answer.body))


_SECRETS = ("hook_secret", "hook_secret_previous", "genesys_client_secret", "okta_token")
