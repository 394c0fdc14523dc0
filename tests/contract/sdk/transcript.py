"""What a client and the Genesys Cloud model said to each other, written so that it can be said again.

Ids, tokens and times differ from run to run; in a transcript they are ``{id 1}``, ``{token 1}`` and ``{time}``,
numbered as they appear. The same requests give the same answers, so the same names.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge_local.exchange import Request, Response
from bridge_local.faults import Fault
from bridge_local.genesys import GenesysModel, GenesysSwitches
from bridge_local.genesys.faults import rate_limited

CLIENT_ID = "sdk-client"
CLIENT_SECRET = "made-up-secret"
GROUP = "Support Berlin"
MANAGER = "lin.park@example.com"
NOBODY = "00000000-0000-4000-8000-000000000000"

_CREDENTIALS = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
_ID = "(?!0{8})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_VARIES = re.compile(rf"(?P<id>{_ID})|(?P<token>[0-9a-f]{{96}})|(?P<time>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z)")
_NAME = re.compile(r"\{(?:id|token) \d+\}|\{credentials\}")
_REQUEST_HEADERS = ("accept", "authorization", "content-type", "if-match", "if-none-match")
_ANSWER_HEADERS = ("Content-Type", "ETag", "Location", "Retry-After")


def organisation() -> GenesysModel:
    """A new organisation: one manager, one group without members, one OAuth client."""
    moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
    model = GenesysModel(
        lambda: moment,
        random.Random(),  # noqa: S311 - ids of a model; that they differ is the point
        GenesysSwitches(),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )
    model.add_user({"userName": MANAGER, "displayName": "Lin Park"})
    model.add_group(GROUP)
    return model


@dataclass
class Names:
    """Names for the values that vary, numbered by appearance."""

    _names: dict[str, str] = field(default_factory=lambda: {_CREDENTIALS: "{credentials}"})
    _counts: dict[str, int] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        """The text with names for values."""
        return _VARIES.sub(self._name, text.replace(_CREDENTIALS, "{credentials}"))

    def show(self, text: str) -> str:
        """The text with values for names; KeyError for a name that has not appeared."""
        values = {name: value for value, name in self._names.items()}
        return _NAME.sub(lambda found: values[found[0]], text)

    def _name(self, found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        if kind == "time":
            return "{time}"
        if found[0] not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[found[0]] = f"{{{kind} {self._counts[kind]}}}"
        return self._names[found[0]]


class Recorder:
    """The model as a client meets it, with everything said written down.

    Attributes:
        model: the organisation.
        steps: the transcript: each step's name and exchanges.
        answered: the body of the last answer as a JSON document, None without one.
    """

    def __init__(self, model: GenesysModel) -> None:
        """Record what `model` is asked."""
        self.model = model
        self.steps: list[dict[str, Any]] = []
        self.answered: Any = None
        self._names = Names()
        self._storm: bool | None = None

    def begin(self, step: str) -> None:
        """What follows belongs to `step`."""
        self.steps.append({"step": step, "exchanges": []})

    def storm(self, *, retry_after: bool) -> None:
        """The next request meets a 429 that asks for a second, in the header or in its text alone."""
        self._storm = retry_after
        self.model.faults.add(Fault("", rate_limited(retry_after="" if retry_after else None), count=1))

    def handle(self, request: Request) -> Response:
        """Ask the model, and write both down."""
        answer = self.model.handle(request)
        self.answered = json.loads(answer.body) if answer.body else None
        exchange = {
            "storm": self._storm,
            "request": {
                "method": request.method,
                "path": request.path,
                "query": [list(pair) for pair in request.query],
                "headers": _some(request.headers, _REQUEST_HEADERS),
                "body": request.body.decode(),
            },
            "answer": {
                "status": answer.status,
                "headers": _some(answer.headers, _ANSWER_HEADERS),
                "body": self.answered,
            },
        }
        self._storm = None
        self.steps[-1]["exchanges"].append(json.loads(self._names.hide(json.dumps(exchange))))
        return answer

    def repeat(self, exchange: Mapping[str, Any]) -> None:
        """Send the request of a transcript's exchange again."""
        if exchange["storm"] is not None:
            self.storm(retry_after=exchange["storm"])
        asked = json.loads(self._names.show(json.dumps(exchange["request"])))
        query = tuple((name, value) for name, value in asked["query"])
        self.handle(Request(asked["method"], asked["path"], query, asked["headers"], asked["body"].encode()))


def _some(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}
