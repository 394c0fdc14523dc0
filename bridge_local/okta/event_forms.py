"""Events as Okta writes them: in the System Log, in an event hook's delivery, and behind the Preview button."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge_local.okta.event_types import texts
from bridge_local.okta.system_log import Entity, LogEntry

_PLACE = {
    "city": "Exampleton",
    "state": "Example State",
    "country": "United States",
    "postalCode": "00000",
    "geolocation": {"lat": 40.0, "lon": -80.0},
}
_ADDRESS = "192.0.2.10"


def stamp(moment: datetime) -> str:
    """UTC ISO-8601 with milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def syslog_form(entry: LogEntry) -> dict[str, Any]:
    """The event as ``GET /api/v1/logs`` shows it: nulls kept, ``request.ipChain`` beside ``client``."""
    message, legacy = texts(entry.event_type)
    web = entry.transaction.type == "WEB"
    return {
        "actor": _entity(entry.actor),
        "client": _client(web=web),
        "device": None,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": f"trs{entry.transaction.id[:22]}",
        },
        "displayMessage": message,
        "eventType": entry.event_type,
        "outcome": {"result": entry.result, "reason": entry.reason},
        "published": stamp(entry.published),
        "securityContext": dict.fromkeys(("asNumber", "asOrg", "isp", "domain", "isProxy")),
        "severity": entry.severity,
        "debugContext": {"debugData": _debug(entry)},
        "legacyEventType": legacy,
        "transaction": {"type": entry.transaction.type or None, "id": entry.transaction.id, "detail": {}},
        "uuid": entry.uuid,
        "version": "0",
        "request": {"ipChain": _ip_chain(web=web)},
        "target": None if entry.targets is None else [_entity(target) for target in entry.targets],
    }


def hook_form(entry: LogEntry) -> dict[str, Any]:
    """The event as a real delivery carries it: null fields dropped, ``ipChain`` inside ``client``."""
    form: dict[str, Any] = _without_nulls(_with_client_chain(syslog_form(entry)))
    return form


def preview_form(entry: LogEntry) -> dict[str, Any]:
    """A past event as Preview sends it: null fields kept, ``insertionTimestamp`` null."""
    return {**_with_client_chain(syslog_form(entry)), "insertionTimestamp": None}


def sample_form(event_type: str, uuid: str, moment: datetime, transaction: str) -> dict[str, Any]:
    """What Preview sends for a type that has no past event: nobody did nothing to no target."""
    message, legacy = texts(event_type)
    return {
        "uuid": uuid,
        "published": stamp(moment),
        "eventType": event_type,
        "version": "0",
        "displayMessage": message,
        "severity": "INFO",
        "client": {**_client(web=True), "ipChain": None},
        "device": None,
        "actor": None,
        "outcome": {"result": "Success", "reason": None},
        "target": None,
        "transaction": {"type": None, "id": transaction, "detail": None},
        "debugContext": None,
        "legacyEventType": legacy,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "authenticationStep": 0,
            "externalSessionId": None,
            "interface": None,
        },
        "securityContext": None,
        "insertionTimestamp": None,
    }


def envelope(source: str, delivery_id: str, sent: datetime, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of a delivery; `source` is the hook's URL, `delivery_id` a UUID of this delivery."""
    return {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": source,
        "eventId": delivery_id,
        "data": {"events": events},
        "eventTime": stamp(sent),
        "contentType": "application/json",
    }


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "type": entity.type,
        "alternateId": entity.alternate_id,
        "displayName": entity.display_name,
        "detailEntry": None,
        **(entity.extra or {}),
    }


def _debug(entry: LogEntry) -> dict[str, str]:
    debug = dict(entry.debug)
    if entry.transaction.uri:
        debug["requestId"] = entry.transaction.id
        debug["requestUri"] = entry.transaction.uri
        debug["url"] = f"{entry.transaction.uri}?"
    debug["threatSuspected"] = "false"
    if entry.hooks:
        debug["targetEventHookIds"] = ",".join(entry.hooks)
    return debug


def _client(*, web: bool) -> dict[str, Any]:
    if not web:
        return dict.fromkeys(("userAgent", "zone", "device", "id", "ipAddress", "geographicalContext"))
    return {
        "userAgent": {"rawUserAgent": "Mozilla/5.0 (X11; Linux x86_64)", "os": "Linux", "browser": "FIREFOX"},
        "zone": "null",
        "device": "Computer",
        "id": None,
        "ipAddress": _ADDRESS,
        "geographicalContext": _PLACE,
    }


def _ip_chain(*, web: bool) -> list[dict[str, Any]]:
    return [{"ip": _ADDRESS, "geographicalContext": _PLACE, "version": "V4", "source": None}] if web else []


def _with_client_chain(event: dict[str, Any]) -> dict[str, Any]:
    chain = event.pop("request")["ipChain"]
    event["client"] = {**event["client"], "ipChain": chain}
    return event


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value if inner is not None]
    return value
