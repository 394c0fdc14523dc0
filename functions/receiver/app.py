"""Okta's event hook: checks the secret, answers the challenge, and puts what a delivery asks for into the queues.

Okta waits 3 seconds, tries once more after a timeout or a 5xx, and takes a 4xx as final ("Event Hooks" concept
page). So a success means that the items are in the queues, and a 5xx means nothing more than "once more, please".
Small and quick to start: standard library, boto3 and the logger.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bridge.aws.dependencies import Dependencies
from bridge.aws.secrets import Secrets
from bridge.aws.telemetry import Metric, count, logger
from bridge.errors import InvalidDelivery, SettingsError, Transient
from bridge.items import Item
from bridge.okta.delivery import parse_delivery
from bridge.okta.events import normalise
from bridge.receiver.composition import QUICK, Receiver
from bridge.receiver.settings import ReceiverSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

#: Most bytes of a body; a delivery of 1,000 events has about 2 MB.
MAX_BODY = 4 * 1024 * 1024
#: Items that one log line names: ten thousand characters of ids at most.
NAMED_ITEMS = 150
CHALLENGE = "x-okta-verification-challenge"
#: Keys of the hook's secret, and of the one before it while Okta may still use that.
_PRESENT, _PREVIOUS = "hook_secret", "hook_secret_previous"


@lru_cache(maxsize=1)
def compose() -> Receiver:
    """The parts, from the environment, once; `SettingsError` when a variable is missing or wrong."""
    settings = ReceiverSettings.read(os.environ)
    return Receiver(settings, Dependencies(settings, client_config=QUICK))


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - for the logger
    """Answer one proxy event of API Gateway (REST): 200 challenge, 204 taken, 4xx never again, 5xx once more."""
    method = event.get("httpMethod")
    if method not in {"GET", "POST"}:
        return _answer(405, {"error": "method: expected GET or POST"}, Allow="GET, POST")
    headers = _headers(event)
    try:
        receiver = compose()
        known = _known(headers.get(receiver.settings.secret_header.lower(), ""), receiver.secrets)
    except (SettingsError, Transient) as error:
        logger.error("the receiver cannot check the secret", reason=str(error))
        return _answer(500)
    if not known:
        count(Metric.DELIVERIES_UNAUTHORISED)
        return _answer(401)
    if known == _PREVIOUS and method == "POST":
        count(Metric.DELIVERIES_UNDER_OLD_SECRET)
    return _verify(headers) if method == "GET" else _deliver(receiver, event)


def _verify(headers: Mapping[str, str]) -> dict[str, Any]:
    challenge = headers.get(CHALLENGE)
    if not challenge:
        return _answer(400, {"error": f"{CHALLENGE}: expected a header with the challenge"})
    return _answer(200, {"verification": challenge})


def _deliver(receiver: Receiver, event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        body = _body(event)
        if len(body) > MAX_BODY:
            count(Metric.DELIVERIES_OVERSIZED)
            return _answer(413, {"error": f"body: expected at most {MAX_BODY} bytes"})
        delivery = parse_delivery(body)
    except InvalidDelivery as error:
        count(Metric.DELIVERIES_INVALID)
        logger.warning("a delivery is refused", reason=str(error))
        return _answer(400, {"error": str(error)})
    asked = normalise(delivery.events, receiver.settings.app_id)
    try:
        receiver.queues.send(asked.items)
    except Transient as error:
        count(Metric.QUEUE_REFUSED)
        logger.error("a queue refused items", delivery=delivery.id, reason=error.reason, item_ids=_ids(asked.items))
        return _answer(503)
    count(Metric.EVENTS_ACCEPTED, asked.accepted)
    count(Metric.ITEMS_SENT, len(asked.items))
    for reason, dropped in asked.dropped.items():
        count(Metric.EVENTS_DROPPED, dropped, reason=reason.value)
    logger.info(
        "a delivery is taken",
        delivery=delivery.id,
        events=len(delivery.events),
        types=dict(asked.types),
        items=len(asked.items),
        item_ids=_ids(asked.items),
    )
    for begin in range(NAMED_ITEMS, len(asked.items), NAMED_ITEMS):
        logger.info("more items of a delivery", delivery=delivery.id, item_ids=_ids(asked.items[begin:]))
    return _answer(204)


def _ids(items: Sequence[Item]) -> list[str]:
    """The ids of the first items: by them a delivery is followed to its syncs."""
    return [item.id for item in items[:NAMED_ITEMS]]


def _known(given: str, secrets: Secrets) -> str:
    """The key of the secret that the value is, empty when it is none."""
    if not given:
        return ""
    return _match(given, secrets) or (_match(given, secrets) if secrets.refresh() else "")


def _match(given: str, secrets: Secrets) -> str:
    """As `_known`; both secrets are compared whatever the first comparison says, in constant time."""
    expected = {_PREVIOUS: secrets.find(_PREVIOUS), _PRESENT: secrets.get(_PRESENT)}
    # Bytes: `compare_digest` refuses text beyond ASCII.
    candidate = given.encode("utf-8", "replace")
    matches = [key for key, secret in expected.items() if secret and hmac.compare_digest(candidate, secret.encode())]
    return matches[-1] if matches else ""


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """The request's headers by lower-case name; of several values the last."""
    headers: dict[str, str] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        if values:
            headers[name.lower()] = values[-1]
    headers.update({name.lower(): value for name, value in (event.get("headers") or {}).items()})
    return headers


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidDelivery("body: expected UTF-8") from None
    except ValueError:
        raise InvalidDelivery("body: expected base64, as isBase64Encoded says") from None


def _answer(status: int, document: Mapping[str, str] | None = None, **headers: str) -> dict[str, Any]:
    if document is None:
        return {"statusCode": status, "headers": headers, "body": ""}
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": json.dumps(document),
    }


def prepare() -> None:
    """Make the clients and read the secret while the environment starts, for Okta waits 3 seconds for the first answer.

    Whatever fails here fails quietly: the handler tries again, and says what is wrong.
    """
    try:
        compose().secrets.find(_PRESENT)
    except Exception as error:  # noqa: BLE001 - an environment that starts must not end for what may be well in a second
        logger.debug("not prepared; the first delivery tries again", reason=type(error).__name__)


prepare()
