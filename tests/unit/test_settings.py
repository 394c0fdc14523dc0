"""Settings: what the environment may say, and how the wrong is named."""

import pytest

from bridge.consumer.settings import ConsumerSettings
from bridge.errors import SettingsError
from bridge.receiver.settings import ReceiverSettings
from bridge.settings import (
    Environment,
    GenesysSettings,
    Mode,
    OktaAuth,
    OktaSettings,
    ProvisioningSettings,
    QueueSettings,
    SuspendedUsers,
    UserNameSource,
    group_names,
)

APP = "0oa1genesyscloudapp1"
ORIGIN = "https://<host> without a path (http only with BRIDGE_LOCAL=1, to loopback)"
QUEUES = {"LEAVERS_QUEUE_URL": "l", "USERS_QUEUE_URL": "u", "GROUPS_QUEUE_URL": "g"}
RECEIVER = {"OKTA_APP_ID": APP, "BRIDGE_SECRET_ID": "secret", **QUEUES}
OKTA = {
    "OKTA_ORG_URL": "https://example.okta.com/",
    "OKTA_APP_ID": APP,
    "OKTA_CLIENT_ID": "0oa1serviceclient001",
    "OKTA_KMS_KEY_ID": "key",
}
CONSUMER = {
    **RECEIVER,
    **OKTA,
    "GENESYS_REGION": "eu-central-1",
    "HASH_KEY_SECRET_ID": "hash",
    "STATE_TABLE": "state",
    "IDEMPOTENCY_TABLE": "idempotency",
    "DEFAULT_PHONE_REGION": "DE",
}


def test_the_receiver_reads_its_variables() -> None:
    """The receiver's settings are its variables; the header is Authorization unless another is named."""
    settings = ReceiverSettings.read(RECEIVER)
    assert settings == ReceiverSettings(APP, "secret", "Authorization", QueueSettings("l", "u", "g"))
    assert ReceiverSettings.read({**RECEIVER, "HOOK_SECRET_HEADER": "x-hook"}).secret_header == "x-hook"


@pytest.mark.parametrize("name", RECEIVER)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_missing_or_empty_is_named(name: str, value: str | None) -> None:
    """Unset, empty and blank are the same, and the error names the variable."""
    variables = {key: text for key, text in RECEIVER.items() if key != name} | ({} if value is None else {name: value})
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        ReceiverSettings.read(variables)


def test_the_consumer_reads_its_variables_with_safe_defaults() -> None:
    """Without switches the consumer only observes, and asks Okta as an OAuth service app."""
    settings = ConsumerSettings.read(CONSUMER)
    assert settings.okta == OktaSettings(
        "https://example.okta.com", APP, OktaAuth.OAUTH, "0oa1serviceclient001", "key", 5
    )
    assert settings.genesys == GenesysSettings("eu-central-1", "", "", 300, 50)
    assert settings.provisioning == ProvisioningSettings()
    assert settings.provisioning.mode is Mode.OBSERVE
    assert settings.mapping.user_name_source is UserNameSource.EMAIL
    assert (settings.state_table, settings.hash_key_secret_id, settings.mapping.source) == ("state", "hash", "")
    assert (settings.backoff_seconds, settings.backoff_limit_seconds) == (30, 300)


def test_the_switches_are_read() -> None:
    """Choices, flags, whole and decimal numbers and lists take what the variables say."""
    settings = ProvisioningSettings.read(
        Environment(
            {
                "MODE": "enforce",
                "CREATE_USERS": "0",
                "UPDATE_USERS": "False",
                "DEACTIVATE_USERS": "1",
                "SUSPENDED_USERS": "ignore",
                "LINKED_GROUPS": " Genesys *, ,Support Berlin ",
                "GROUP_REMOVAL_CEILING": "10",
                "GROUP_REMOVAL_CEILING_PERCENT": "0",
                "CEILING_WINDOW_HOURS": "0.5",
            }
        )
    )
    assert settings.mode is Mode.ENFORCE
    assert (settings.create_users, settings.update_users, settings.deactivate_users) == (False, False, True)
    assert settings.suspended_users is SuspendedUsers.IGNORE
    assert settings.linked_groups == ("Genesys *", "Support Berlin")
    assert (settings.group_removal_ceiling, settings.group_removal_ceiling_percent) == (10, 0)
    assert settings.ceiling_window_hours == 0.5


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OKTA_APP_ID", "../users", "an Okta application id (0oa...)"),
        ("HOOK_SECRET_HEADER", "two words", "a header name"),
        ("OKTA_AUTH", "basic", "one of oauth, ssws"),
        ("MODE", "force", "one of enforce, observe"),
        ("CREATE_USERS", "maybe", "true or false"),
        ("GENESYS_REQUESTS_PER_MINUTE", "0", "a whole number from 1 to 100000"),
        ("MEMBERS_PER_REQUEST", "1001", "a whole number from 1 to 1000"),
        ("GROUP_REMOVAL_CEILING", "ten", "a whole number from 1 to 1000"),
        ("GROUP_REMOVAL_CEILING_PERCENT", "-1", "a whole number from 0 to 100"),
        ("GROUP_REMOVAL_CEILING_PERCENT", "9" * 5000, "a whole number from 0 to 100"),
        ("CEILING_WINDOW_HOURS", "nan", "a number from 0.001 to 720"),
        ("OKTA_READ_LAG_SECONDS", "61", "a number from 0 to 60"),
        ("DEFAULT_PHONE_REGION", "Germany", "a country code of two letters, such as US"),
        ("OKTA_ORG_URL", "http://example.okta.com", ORIGIN),
        ("OKTA_ORG_URL", "https://example.okta.com/admin", ORIGIN),
        ("OKTA_ORG_URL", "https://someone@example.okta.com", ORIGIN),
        ("OKTA_ORG_URL", "https://example.okta.com?x=1", ORIGIN),
        ("OKTA_ORG_URL", "example.okta.com", ORIGIN),
        ("OKTA_ORG_URL", "https://[", ORIGIN),
        ("OKTA_ORG_URL", "https://", ORIGIN),
        ("OKTA_ORG_URL", "https://example.okta.com\\@example.org", ORIGIN),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(name: str, value: str, expected: str) -> None:
    """The error names the variable and the expectation, and does not repeat the value."""
    reader = ReceiverSettings if name == "HOOK_SECRET_HEADER" else ConsumerSettings
    with pytest.raises(SettingsError) as wrong:
        reader.read({**CONSUMER, name: value})
    assert str(wrong.value) == f"{name}: expected {expected}"


def test_a_token_needs_neither_client_nor_key() -> None:
    """With OKTA_AUTH=ssws the OAuth variables may be empty; with oauth the key is required."""
    without = {key: text for key, text in OKTA.items() if key not in {"OKTA_CLIENT_ID", "OKTA_KMS_KEY_ID"}}
    settings = OktaSettings.read(Environment({**without, "OKTA_AUTH": "ssws"}))
    assert (settings.auth, settings.client_id, settings.kms_key_id) == (OktaAuth.SSWS, "", "")
    with pytest.raises(SettingsError, match=r"^OKTA_KMS_KEY_ID is not set$"):
        OktaSettings.read(Environment(without))


@pytest.mark.parametrize("host", ["127.0.0.1:8082", "localhost:1", "[::1]:8082", "host.docker.internal:8082"])
def test_local_urls_are_taken_only_by_a_local_bridge(host: str) -> None:
    """Overrides and plain http lead to this machine alone, and only with BRIDGE_LOCAL=1."""
    variables = {"GENESYS_REGION": "us-east-1", "GENESYS_API_URL": f"http://{host}", "BRIDGE_LOCAL": "1"}
    assert GenesysSettings.read(Environment(variables)).api_url == f"http://{host}"
    assert Environment({"OKTA_ORG_URL": f"http://{host}", "BRIDGE_LOCAL": "1"}).base_url("OKTA_ORG_URL")
    for local in ("", "0", "true"):
        with pytest.raises(SettingsError, match=r"^GENESYS_API_URL: expected"):
            GenesysSettings.read(Environment({**variables, "BRIDGE_LOCAL": local}))


@pytest.mark.parametrize("url", ["https://login.example.com", "http://login.example.com", "https://127.0.0.1.example"])
def test_an_override_to_elsewhere_is_refused_everywhere(url: str) -> None:
    """No override sends a credential to another host, local or not."""
    for local in ("", "1"):
        variables = {"GENESYS_REGION": "us-east-1", "GENESYS_LOGIN_URL": url, "BRIDGE_LOCAL": local}
        with pytest.raises(SettingsError, match=r"^GENESYS_LOGIN_URL: "):
            GenesysSettings.read(Environment(variables))


def test_an_override_of_https_to_this_machine_needs_a_local_bridge() -> None:
    """Also https to loopback counts as an override."""
    variables = {"GENESYS_REGION": "us-east-1", "GENESYS_API_URL": "https://127.0.0.1:8082"}
    with pytest.raises(SettingsError, match=r"^GENESYS_API_URL: accepted only with BRIDGE_LOCAL=1"):
        GenesysSettings.read(Environment(variables))
    assert GenesysSettings.read(Environment({**variables, "BRIDGE_LOCAL": "1"})).api_url == "https://127.0.0.1:8082"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A, B ,,C", ("A", "B", "C")),
        (r"Sales\, North,Support", ("Sales, North", "Support")),
        (r"Back\\slash", ("Back\\slash",)),
        (r"Trailing\ , Next", ("Trailing ", "Next")),
        ("Double  blank", ("Double  blank",)),
        ("Stripped\\", ("Stripped ",)),
        (r"Only\,", ("Only,",)),
        ("", ()),
    ],
)
def test_a_groups_name_may_have_a_comma_a_backslash_or_a_blank_at_its_end(text: str, names: tuple[str, ...]) -> None:
    """Each behind a backslash; without one, blanks around names do not count."""
    assert group_names(text) == names
