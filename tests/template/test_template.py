"""The template: what linters miss."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import pytest

from bridge import __version__
from bridge.catchup.catch_up import PAGE_SECONDS
from bridge.errors import SettingsError
from bridge.genesys.regions import endpoints
from bridge_local import ROOT
from bridge_local.checked_settings import SETTINGS
from bridge_local.template import Template

TEMPLATE = Template()
PARAMETERS: dict[str, dict[str, Any]] = TEMPLATE.document["Parameters"]
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE.document["Resources"]
QUEUES = ("LeaversQueue", "UsersQueue", "GroupsQueue")
#: Variables that libraries read: botocore, and Powertools' metrics.
BY_LIBRARIES = {"AWS_ENDPOINT_URL", "POWERTOOLS_METRICS_NAMESPACE"}
#: Beside those, botocore's for one service: what calls Lambda asks the local stack's own part of its API.
BY_BOTOCORE = {"Operations": {"AWS_ENDPOINT_URL_LAMBDA"}}
#: Values that a parameter's pattern must accept, and others that it must refuse.
EXAMPLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "OktaOrgUrl": (
        ("https://example.okta.com", "https://id.example.com"),
        ("http://example.okta.com", "https://example.okta.com/", "example.okta.com", "https://localhost", ""),
    ),
    "OktaAppId": (("0oaGenesysCloudApp5d",), ("", "0oa 1", "../users")),
    "OktaClientId": (("", "0oaBridgeServiceApp1"), ("0oa/1",)),
    "HookSecretHeader": (("Authorization", "X-Okta-Secret"), ("", "X Secret", "X:Secret")),
    "DefaultPhoneRegion": (("US", "DE"), ("", "us", "USA", "1")),
    "ReconcileSchedule": (
        ("cron(0 2 * * ? *)", "cron(30 3 ? * MON-FRI *)", "rate(1 day)"),
        ("", "0 2 * * *", "at(2026-11-24T02:00:00)"),
    ),
    "ReconcileTimeZone": (("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"), ("", "Europe/", "Berlin time")),
    "LinkedGroups": (("", "Genesys *,Support [AB]", "{Berlin}"), ("{{ssm:/other}}", "a{{b")),
    "AllowedRoles": (("", "Agent,Supervisor", "a\\\\, b"), ("a{{b", "{{ssm:/other}}")),
    "AttributeMapParameter": (("", "/bridge/map"), ("bridge/map", "/bridge/", "file:/etc/passwd")),
    "AllowedAddresses": (
        ("", "192.0.2.0/24", "198.51.100.7/32"),
        ("192.0.2.1", "192.0.2.0/0", "192.0.2.0/33", "2001:db8::/32", "192.0.2.0/24 "),
    ),
    "AlarmEmail": (("", "on-call@example.com"), ("on-call", "a@b", "a b@example.com", "a@example.com.")),
    "RunbookUrl": (
        ("docs/runbook.md", "https://git.example.com/bridge/blob/main/docs/runbook.md?plain=0"),
        ("", "runbook", "http://git.example.com/runbook.md", "https://git.example.com/a#b", 'https://x.example.com/"'),
    ),
    "WebAclArn": (
        ("", "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/hook/1a2b"),
        ("arn:aws:wafv2:us-east-1:123456789012:global/webacl/hook/1a2b", "hook"),
    ),
    "HookAddress": (
        ("", "https://hooks.example.com/okta/events"),
        ("http://hooks.example.com/okta/events", "https://hooks.example.com", "https://localhost/okta", "hooks"),
    ),
    "ReceiverConcurrency": (("", "1", "50"), ("0", "10000", "-1", "ten")),
    "PermissionsBoundaryArn": (
        ("", "arn:aws:iam::123456789012:policy/boundary", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("arn:aws:iam::123456789012:role/boundary", "boundary"),
    ),
}


class Seen(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """The value, and a note."""
        self.read.add(key)
        return super().get(key, default)


def environment(function: str, **parameters: str) -> dict[str, str]:
    """The function's environment in a stack with these parameters."""
    physical = {name: f"https://example.com/{name}" for name in RESOURCES}
    physical |= {source.name: source.mapping_id for source in TEMPLATE.sources("Consumer")}
    required = {
        "OktaOrgUrl": "https://example.okta.com",
        "OktaAppId": "0oaGenesysCloudApp5d",
        "GenesysRegion": "us-east-1",
    }
    required |= {"DefaultPhoneRegion": "US"}
    return TEMPLATE.environment(function, {**physical, **required, **parameters})


def references(node: Any) -> Iterator[str]:
    """Every name that Ref, GetAtt, Sub, If and Condition mention."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"Ref", "Condition"} and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt" or (key == "Fn::If" and isinstance(value, list)):
                yield value[0]
            elif key == "Fn::Sub" and isinstance(value, str):
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^}!]+)\}", value))
            yield from references(value)
    elif isinstance(node, list):
        yield from chain.from_iterable(map(references, node))


# ----------------------------------------------------------------------------------------------- variables


@pytest.mark.parametrize("function", SETTINGS)
def test_variables_declared_are_those_that_are_read(function: str) -> None:
    """A function gets every variable that its settings or its libraries read, and no other."""
    local = {
        "BRIDGE_LOCAL": "1",
        "OKTA_ORG_URL": "http://localhost:8081",
        "GENESYS_API_URL": "http://localhost:8082",
    }
    declared = environment(function)
    variables = Seen({name: local.get(name, value) for name, value in declared.items()})
    SETTINGS[function](variables)
    assert variables.read | BY_LIBRARIES | BY_BOTOCORE.get(function, set()) == set(declared)


@pytest.mark.parametrize("function", SETTINGS)
def test_local_overrides_stay_empty(function: str) -> None:
    """In AWS nothing leads anywhere else: the template declares these variables as empty text and nothing else."""
    names = {"BRIDGE_LOCAL", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "GENESYS_API_URL", "GENESYS_LOGIN_URL"}
    declared = {name: value for name, value in TEMPLATE.variables(function).items() if name in names}
    assert "AWS_ENDPOINT_URL" in declared
    assert set(declared.values()) == {""}


def test_two_stacks_do_not_share_their_metrics() -> None:
    """The namespace has the stack's name."""
    for function in SETTINGS:
        assert TEMPLATE.variables(function)["POWERTOOLS_METRICS_NAMESPACE"] == {
            "Fn::Sub": "OktaGenesysBridge/${AWS::StackName}"
        }


# ---------------------------------------------------------------------------------------------- parameters


def test_every_parameter_refuses_a_wrong_value_by_name() -> None:
    """Each has a bound, says what is expected, and is used."""
    for name, parameter in PARAMETERS.items():
        bounds = {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & set(parameter)
        assert bounds, name
        assert parameter["Description"], name
        assert parameter["ConstraintDescription"], name
    body = {key: value for key, value in TEMPLATE.document.items() if key != "Parameters"}
    assert set(PARAMETERS) <= set(references(body))


def test_every_pattern_has_its_examples() -> None:
    """So that the next test misses none."""
    assert set(EXAMPLES) == {name for name, parameter in PARAMETERS.items() if "AllowedPattern" in parameter}


@pytest.mark.parametrize("name", EXAMPLES)
def test_patterns_accept_and_refuse(name: str) -> None:
    """CloudFormation matches the whole value."""
    pattern = re.compile(PARAMETERS[name]["AllowedPattern"])
    accepted, refused = EXAMPLES[name]
    assert [value for value in accepted if not pattern.fullmatch(value)] == []
    assert [value for value in refused if pattern.fullmatch(value)] == []


def test_defaults_are_allowed() -> None:
    """A default outside of its own bounds would stop every deployment."""
    for name, parameter in PARAMETERS.items():
        default = parameter.get("Default")
        if default is None:
            continue
        assert default in parameter.get("AllowedValues", [default]), name
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default)), name
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", default) <= default <= parameter.get("MaxValue", default), name


def _accepted(name: str) -> list[str]:
    parameter = PARAMETERS[name]
    values = [str(value) for value in parameter.get("AllowedValues", ())]
    values += [str(parameter[bound]) for bound in ("MinValue", "MaxValue") if bound in parameter]
    return values + list(EXAMPLES.get(name, ((), ()))[0])


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_the_template_accepts_the_functions_accept(name: str) -> None:
    """A deployment that passes its own checks does not fail on its settings."""
    for value in _accepted(name):
        for function, settings in SETTINGS.items():
            settings(environment(function, **{name: value}))


@pytest.mark.parametrize("region", PARAMETERS["GenesysRegion"]["AllowedValues"])
def test_regions_are_known(region: str) -> None:
    """The template's list is the code's."""
    assert endpoints(region, "", "").api.startswith("https://")
    with pytest.raises(SettingsError):
        endpoints(f"{region}-x", "", "")


# ----------------------------------------------------------------------------------------------- functions


def test_functions_are_those_of_the_repository() -> None:
    """Every function's folder is deployed, with the one handler, and each has its own role and log group."""
    functions = dict(TEMPLATE.of_type("AWS::Serverless::Function"))
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}
    assert {properties["CodeUri"] for properties in functions.values()} == {f"functions/{name}" for name in folders}
    for name, properties in functions.items():
        assert properties["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
        assert RESOURCES[f"{name}Role"]["Properties"]["PermissionsBoundary"]["Fn::If"][0] == "HasPermissionsBoundary"


def test_layers_are_built_for_what_the_functions_run_on() -> None:
    """The same Python and the same machine; otherwise a compiled package does not load."""
    shared = TEMPLATE.document["Globals"]["Function"]
    for name, properties in TEMPLATE.of_type("AWS::Serverless::LayerVersion"):
        assert RESOURCES[name]["Metadata"]["BuildMethod"] == shared["Runtime"]
        assert [RESOURCES[name]["Metadata"]["BuildArchitecture"]] == shared["Architectures"]
        assert properties["CompatibleRuntimes"] == [shared["Runtime"]]
        assert properties["CompatibleArchitectures"] == shared["Architectures"]
    version = (ROOT / ".python-version").read_text("utf-8").strip()
    assert shared["Runtime"] == f"python{version}"


def test_no_concurrency_is_reserved_unless_somebody_says_so() -> None:
    """A new account has ten in all; the receiver alone may keep some for itself."""
    assert PARAMETERS["ReceiverConcurrency"]["Default"] == ""
    assert "ReservedConcurrentExecutions" not in TEMPLATE.document["Globals"]["Function"]
    reserved = {
        name: properties["ReservedConcurrentExecutions"]
        for name, properties in TEMPLATE.of_type("AWS::Serverless::Function")
        if "ReservedConcurrentExecutions" in properties
    }
    choice = ["HasReceiverConcurrency", {"Ref": "ReceiverConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert reserved == {"Receiver": {"Fn::If": choice}}


def test_pollers_report_single_failures() -> None:
    """One poisoned message never repeats its whole batch; a FIFO batch has at most 10."""
    events = TEMPLATE.function("Consumer")["Events"].values()
    assert [event["Properties"]["Queue"]["Fn::GetAtt"][0] for event in events] == list(QUEUES)
    for event in events:
        assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert 1 <= event["Properties"]["BatchSize"] <= 10
        assert "MaximumBatchingWindowInSeconds" not in event["Properties"]
        assert "FilterCriteria" not in event["Properties"]


def test_the_hook_asks_for_no_key_at_the_api() -> None:
    """On an event the transform refuses it; without it a guided deployment asks whether this is meant."""
    assert RESOURCES["HookApi"]["Properties"]["Auth"] == {"ApiKeyRequired": False}
    events = TEMPLATE.function("Receiver")["Events"].values()
    assert all("Auth" not in event["Properties"] for event in events)
    assert TEMPLATE.routes("Receiver") == {("GET", "/okta/events"), ("POST", "/okta/events")}


def test_the_stack_never_owns_the_accounts_log_role() -> None:
    """``AWS::ApiGateway::Account`` is one for the region: a stack that owned it would break the others."""
    assert not list(TEMPLATE.of_type("AWS::ApiGateway::Account"))
    assert PARAMETERS["AccessLog"]["Default"] == "false"


# --------------------------------------------------------------------------------------- queues and records


def test_catch_up_ends_before_its_next_run_and_knows_its_hook() -> None:
    """Two runs never overlap, a failed one is not repeated beside the next, and ours is the hook of the output."""
    poller = TEMPLATE.function("LogPoller")
    tick = poller["Events"]["Tick"]
    assert (tick["Type"], tick["Properties"]["Schedule"]) == ("Schedule", "rate(5 minutes)")
    assert PAGE_SECONDS * 2 <= poller["Timeout"] < 300
    assert poller["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert TEMPLATE.variables("LogPoller")["HOOK_URL"] == TEMPLATE.document["Outputs"]["HookUrl"]["Value"]


def test_what_is_due_is_sent_every_minute() -> None:
    """A schedule of its own asks the log poller for it, in the words that the function knows."""
    due = TEMPLATE.function("LogPoller")["Events"]["Due"]["Properties"]
    assert (due["Schedule"], due["Input"]) == ("rate(1 minute)", '{"do": "due"}')


@pytest.mark.parametrize("address", ["", "https://hooks.example.com/okta/events"])
def test_hook_behind_a_custom_domain_is_known_by_its_address(address: str) -> None:
    """Hook health looks for the hook by the address that Okta has: the parameter's, otherwise the stack's own."""
    own = environment("LogPoller", HookAddress="")["HOOK_URL"]
    assert ".execute-api." in own
    assert environment("LogPoller", HookAddress=address)["HOOK_URL"] == (address or own)


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_outlast_their_function_and_an_outage(queue: str) -> None:
    """Invisible for six timeouts; 14 days and 1000 receives; FIFO with high throughput; no dead letters of others."""
    properties = RESOURCES[queue]["Properties"]
    assert properties["VisibilityTimeout"] >= 6 * TEMPLATE.function("Consumer")["Timeout"]
    assert properties["MessageRetentionPeriod"] == 14 * 86_400
    assert properties["RedrivePolicy"]["maxReceiveCount"] == 1000
    assert properties["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLettersQueue", "Arn"]}
    assert properties["RedriveAllowPolicy"] == {"redrivePermission": "denyAll"}
    assert (properties["DeduplicationScope"], properties["FifoThroughputLimit"]) == (
        "messageGroup",
        "perMessageGroupId",
    )


def test_the_groups_queue_waits_for_its_slot_and_the_read_lag() -> None:
    """The slot's 2 seconds and the longest read lag that the template accepts."""
    delays = {queue: RESOURCES[queue]["Properties"]["DelaySeconds"] for queue in QUEUES}
    assert delays == {
        "LeaversQueue": 0,
        "UsersQueue": 0,
        "GroupsQueue": 2 + PARAMETERS["OktaReadLagSeconds"]["MaxValue"],
    }


def test_state_is_kept_and_encrypted_with_the_one_key() -> None:
    """Tables, queues, secrets and keys outlive their stack; what lies anywhere is under our key."""
    key = {"Fn::GetAtt": ["DataKey", "Arn"]}
    kept = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::KMS::Key"}
    for name, resource in RESOURCES.items():
        properties = resource.get("Properties", {})
        if resource["Type"] in kept:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
            assert resource["UpdateReplacePolicy"] == "Retain", name
        if resource["Type"] == "AWS::DynamoDB::Table":
            assert properties["BillingMode"] == "PAY_PER_REQUEST"
            assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
            assert properties["SSESpecification"]["KMSMasterKeyId"] == key
        if resource["Type"] in {"AWS::SQS::Queue", "AWS::SNS::Topic"}:
            assert properties["KmsMasterKeyId"] == key
        if resource["Type"] in {"AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}:
            assert properties["KmsKeyId"] == key
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert TEMPLATE.document["Globals"]["Function"]["KmsKeyArn"] == key


def test_cloudwatch_may_use_the_topics_key() -> None:
    """Otherwise an alarm reaches nobody, silently."""
    statements = RESOURCES["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
    [alarms] = [entry for entry in statements if entry["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}


def test_the_filled_secret_is_never_overwritten_and_the_generated_one_has_its_key() -> None:
    """A value in the template would come back with each deployment; CloudFormation generates one key."""
    assert not {"SecretString", "GenerateSecretString"} & set(RESOURCES["BridgeSecret"]["Properties"])
    generated = RESOURCES["HashKeySecret"]["Properties"]["GenerateSecretString"]
    assert (generated["GenerateStringKey"], generated["SecretStringTemplate"]) == ("hash_key", "{}")
    assert generated["PasswordLength"] >= 32


def test_outputs_are_what_people_need() -> None:
    """The release, the hook, the dashboard, the secret, the key, and the policies of people."""
    assert set(TEMPLATE.document["Outputs"]) == {
        "Version",
        "HookUrl",
        "DashboardUrl",
        "AlarmTopicArn",
        "ReaderPolicyArn",
        "NamesPolicyArn",
        "OperatorPolicyArn",
        "ApproverPolicyArn",
        "SetupPolicyArn",
        "OperationsFunction",
        "ApprovalsFunction",
        "BridgeSecretArn",
        "SigningKeyArn",
    }


def test_every_condition_is_used() -> None:
    """Every condition decides something."""
    used = set(references({"Resources": RESOURCES, "Conditions": TEMPLATE.document["Conditions"]}))
    used |= {resource["Condition"] for resource in RESOURCES.values() if "Condition" in resource}
    assert set(TEMPLATE.document["Conditions"]) <= used


def test_samconfig_sets_no_parameter() -> None:
    """A parameter in the file would come back with each deployment, and undo what an operator has set since.

    Without an override sam sends ``UsePreviousValue`` for every parameter, so a deployment keeps what was set; an
    override on the command line replaces the file's whole list, and what only the file had would be lost.
    """
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    environments = {key: value for key, value in config.items() if isinstance(value, dict)}
    assert set(environments) == {"default", "staging", "production"}
    assert len({each["global"]["parameters"]["stack_name"] for each in environments.values()}) == len(environments)
    for each in environments.values():
        deploy = each["deploy"]["parameters"]
        assert deploy["capabilities"] == "CAPABILITY_IAM"
        assert not {"parameter_overrides", "s3_bucket", "region", "profile"} & set(deploy)


def test_parameters_are_asked_in_groups_with_labels() -> None:
    """CloudFormation's console and a reader see every parameter once, in the order in which a person can answer."""
    interface = TEMPLATE.document["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert grouped == list(PARAMETERS)
    assert set(interface["ParameterLabels"]) == set(PARAMETERS)
    required = [name for name, parameter in PARAMETERS.items() if "Default" not in parameter]
    assert required == grouped[: len(required)]
    assert len(required) <= 4


def test_the_version_is_one() -> None:
    """VERSION is what the template's output, the package and the project's metadata say."""
    version = (ROOT / "VERSION").read_text("utf-8").strip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert {TEMPLATE.document["Outputs"]["Version"]["Value"], __version__, project["version"]} == {version}
