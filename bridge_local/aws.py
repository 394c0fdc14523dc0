"""The template's queues, tables, secrets and keys, made in moto, and the environment that the functions get."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3

from bridge_local.options import DEFAULTS, DELAYS, VISIBILITY, Options
from bridge_local.template import Template

REGION = "us-east-1"
#: What boto3 needs to speak to moto; none of it is a credential.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
#: Names that the environment cannot change: they lead to this stack.
_OURS = frozenset(
    {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_LAMBDA",
        "BRIDGE_LOCAL",
        "OKTA_ORG_URL",
        "OKTA_APP_ID",
        "OKTA_KMS_KEY_ID",
        "GENESYS_API_URL",
        "GENESYS_LOGIN_URL",
        "HOOK_URL",
        "BRIDGE_SECRET_ID",
        "HASH_KEY_SECRET_ID",
        "LEAVERS_QUEUE_URL",
        "USERS_QUEUE_URL",
        "GROUPS_QUEUE_URL",
        "STATE_TABLE",
        "IDEMPOTENCY_TABLE",
        "NOTIFICATION_TOPIC_ARN",
    }
)


@dataclass
class Aws:
    """Clients of the stack's AWS, and what was made there.

    Attributes:
        endpoint: moto's URL.
        physical: logical id -> what ``Ref`` gives.
    """

    endpoint: str
    physical: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def client(self, service: Any) -> Any:
        """A boto3 client, the same one for each service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def _make(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - moto takes anything
        )

    def create(self, template: Template, options: Options) -> None:
        """Make everything that the functions use."""
        self._queues(template)
        self._tables(template)
        self._keys(template)
        self._secrets(template, options)
        self._topics(template)
        self.name_functions(template)

    def environment(self, template: Template, function: str, options: Options) -> dict[str, str]:
        """A function's environment: the template's, then the stack's, then what the caller's environment says."""
        variables = template.environment(function, self.physical)
        ours = {
            **DEFAULTS,
            "BRIDGE_LOCAL": "1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": options.url(),
            "OKTA_ORG_URL": options.okta_url or options.url(1),
            "OKTA_APP_ID": options.app_id,
            "HOOK_URL": options.hook_url,
            "GENESYS_API_URL": options.genesys_api_url or options.url(2),
            "GENESYS_LOGIN_URL": options.genesys_login_url or options.url(2),
        }
        variables.update({name: value for name, value in ours.items() if name in variables})
        for name in variables.keys() - _OURS:
            variables[name] = options.variables.get(name) or variables[name]
        return {**CREDENTIALS, **variables, "AWS_LAMBDA_FUNCTION_NAME": function}

    def queues(self, template: Template) -> dict[str, str]:
        """URL of every queue by logical id, the dead-letter queue among them."""
        return {name: self.physical[name] for name, _ in template.of_type("AWS::SQS::Queue")}

    def depths(self, template: Template) -> dict[str, dict[str, int]]:
        """Messages by queue: ``visible``, ``in_flight`` (or waiting for another try), ``delayed``."""
        sqs = self.client("sqs")
        names = {
            "visible": "ApproximateNumberOfMessages",
            "in_flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        depths = {}
        for queue, url in self.queues(template).items():
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names.values()))
            depths[queue] = {name: int(answer["Attributes"][attribute]) for name, attribute in names.items()}
        return depths

    # ---------------------------------------------------------------------------------------- resources

    def _queues(self, template: Template) -> None:
        sqs = self.client("sqs")
        arns: dict[str, str] = {}
        # Those with a redrive policy need the other one's ARN.
        for name, properties in sorted(
            template.of_type("AWS::SQS::Queue"), key=lambda each: "RedrivePolicy" in each[1]
        ):
            attributes = queue_attributes(name, properties, arns)
            url = sqs.create_queue(QueueName=queue_name(name), Attributes=attributes)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            self.physical[name], arns[name] = url, answer["Attributes"]["QueueArn"]

    def _tables(self, template: Template) -> None:
        dynamodb = self.client("dynamodb")
        taken = ("AttributeDefinitions", "KeySchema", "BillingMode")
        for name, properties in template.of_type("AWS::DynamoDB::Table"):
            dynamodb.create_table(TableName=name, **{key: properties[key] for key in taken})
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
            self.physical[name] = name

    def _keys(self, template: Template) -> None:
        kms = self.client("kms")
        for name, properties in template.of_type("AWS::KMS::Key"):
            settings = {key: properties[key] for key in ("KeySpec", "KeyUsage") if key in properties}
            self.physical[name] = kms.create_key(**settings)["KeyMetadata"]["KeyId"]

    def _secrets(self, template: Template, options: Options) -> None:
        manager = self.client("secretsmanager")
        for name, properties in template.of_type("AWS::SecretsManager::Secret"):
            generated = properties.get("GenerateSecretString")
            value = options.secret if generated is None else {generated["GenerateStringKey"]: secrets.token_hex(32)}
            self.physical[name] = manager.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]

    def name_functions(self, template: Template) -> None:
        """Functions bear their logical ids; the ids of their event source mappings follow from theirs."""
        for function, _ in template.of_type("AWS::Serverless::Function"):
            self.physical[function] = function
            self.physical.update({source.name: source.mapping_id for source in template.sources(function)})

    def _topics(self, template: Template) -> None:
        sns = self.client("sns")
        for name, _ in template.of_type("AWS::SNS::Topic"):
            self.physical[name] = sns.create_topic(Name=name)["TopicArn"]


def queue_name(logical_id: str) -> str:
    """The local name of a FIFO queue."""
    return f"{logical_id}.fifo"


def queue_attributes(name: str, properties: Mapping[str, Any], arns: Mapping[str, str]) -> dict[str, str]:
    """A queue's attributes for CreateQueue; `arns` has the dead-letter queue's ARN by its logical id."""
    attributes = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in properties.items()
        if isinstance(value, bool | int | str)
    }
    attributes.pop("KmsMasterKeyId", None)
    if "DelaySeconds" in attributes:
        attributes["DelaySeconds"] = str(DELAYS.get(name, attributes["DelaySeconds"]))
        attributes["VisibilityTimeout"] = str(VISIBILITY)
    redrive = properties.get("RedrivePolicy")
    if redrive:
        target = arns[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        attributes["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": target, "maxReceiveCount": redrive["maxReceiveCount"]}
        )
    return attributes
