"""The body of an event hook's delivery: strict JSON (RFC 8259, and of it only the sound part) and Okta's envelope.

Okta documents the envelope on its "Event Hooks" concept page. What the bridge does not read is not checked: the
Preview button sends odd values and must be answered with success. Standard library only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from bridge.errors import InvalidDelivery

#: Objects and lists within each other; real deliveries have about 8.
MAX_DEPTH = 32
EVENT_TYPE = "com.okta.event_hook"
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Delivery:
    """A delivery that has Okta's envelope.

    Attributes:
        id: the envelope's ``eventId``, for tracing only; empty when it is no plain id.
        events: ``data.events`` as it came; a single entry may still be no LogEvent.
    """

    id: str
    events: list[Any]


def parse_delivery(body: bytes) -> Delivery:
    """The delivery in `body`.

    Raises:
        InvalidDelivery: the body is no strict JSON or has another envelope. The message names the field and what
            was expected, and repeats nothing of the body.
    """
    document = _strict_json(body)
    if not isinstance(document, dict):
        raise InvalidDelivery("body: expected a JSON object")
    if document.get("eventType") != EVENT_TYPE:
        raise InvalidDelivery(f"eventType: expected {EVENT_TYPE}")
    data = document.get("data")
    if not isinstance(data, dict):
        raise InvalidDelivery("data: expected an object")
    events = data.get("events")
    if not isinstance(events, list):
        raise InvalidDelivery("data.events: expected a list")
    event_id = document.get("eventId")
    plain = isinstance(event_id, str) and _ID.fullmatch(event_id) is not None
    return Delivery(id=str(event_id) if plain else "", events=events)


def _strict_json(body: bytes) -> Any:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
        _check_depth(document)
        # Writing it again finds what the parser lets through: lone surrogates, NaN and numbers out of range.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeDecodeError:
        raise InvalidDelivery("body: expected UTF-8") from None
    except UnicodeEncodeError:
        raise InvalidDelivery("body: expected text without lone surrogates") from None
    except json.JSONDecodeError as error:
        raise InvalidDelivery(f"body: expected JSON (character {error.pos})") from None
    except RecursionError:
        raise InvalidDelivery(f"body: expected at most {MAX_DEPTH} levels") from None
    except ValueError:
        raise InvalidDelivery("body: expected finite numbers of a usual size") from None
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, unless a key comes twice: readers differ on which of the two counts."""
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise InvalidDelivery("body: expected objects without duplicate keys")
    return unique


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(MAX_DEPTH):
        containers = [value for value in level if isinstance(value, (dict, list))]
        level = [child for value in containers for child in (value.values() if isinstance(value, dict) else value)]
    if any(isinstance(value, (dict, list)) for value in level):
        raise InvalidDelivery(f"body: expected at most {MAX_DEPTH} levels")
