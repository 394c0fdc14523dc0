"""Whether every function could read its settings, asked before the local stack starts any."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from phonenumbers import SUPPORTED_REGIONS

from bridge.approvals.settings import ApprovalsSettings
from bridge.catchup.settings import LogPollerSettings
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import SettingsError
from bridge.genesys.regions import endpoints
from bridge.operations.settings import OperationsSettings
from bridge.receiver.settings import ReceiverSettings
from bridge.settings import SyncSettings
from bridge_local.aws import Aws
from bridge_local.options import DEFAULTS, Options
from bridge_local.template import Template

#: What each function reads from its environment.
SETTINGS: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    "Receiver": ReceiverSettings.read,
    "Consumer": ConsumerSettings.read,
    "LogPoller": LogPollerSettings.read,
    "Reconciler": SyncSettings.read,
    "Operations": OperationsSettings.read,
    "Approvals": ApprovalsSettings.read,
}


def check_settings(aws: Aws, template: Template, options: Options) -> None:
    """Read what every function will read, now: each in a process of its own would only say so in the log.

    Raises:
        SettingsError: a variable is missing or wrong; the message names it.
    """
    for function, read in SETTINGS.items():
        read(aws.environment(template, function, options))
    given = {**DEFAULTS, **{name: value for name, value in options.variables.items() if value}}
    endpoints(given["GENESYS_REGION"], options.genesys_api_url, options.genesys_login_url)
    if given["DEFAULT_PHONE_REGION"] not in SUPPORTED_REGIONS:
        raise SettingsError("DEFAULT_PHONE_REGION: expected a country code that has telephone numbers, such as US")
