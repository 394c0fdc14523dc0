"""API Gateway on this machine: an HTTP request becomes a REST proxy event for the real receiver, and back."""

from __future__ import annotations

import base64
import json
import sys
import traceback
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge_local.exchange import Request, Response
from bridge_local.poller import LocalContext

Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


class Front:
    """Routes the API's paths to a function and everything else to the console. A `Model`."""

    def __init__(
        self, handler: Handler, routes: frozenset[tuple[str, str]], console: Callable[[Request], Response | None]
    ) -> None:
        """`routes` are the methods and paths of the API; `console` answers None for a path it does not know."""
        self._handler = handler
        self._routes = routes
        self._console = console

    def handle(self, request: Request) -> Response:
        """Answer as API Gateway does: 403 for a route that does not exist, 502 for a function that fails."""
        if (request.method, request.path) not in self._routes:
            response = self._console(request)
            if response is not None:
                return response
            return Response.of_json(403, {"message": "Missing Authentication Token"})
        try:
            return proxy_response(self._handler(proxy_event(request), LocalContext("Receiver", seconds=10)))
        except Exception:  # noqa: BLE001 - whatever a function raises, API Gateway answers 502
            traceback.print_exc(file=sys.stdout)  # as Lambda does, into the function's log
            return Response.of_json(502, {"message": "Internal server error"})


def proxy_event(request: Request) -> dict[str, Any]:
    """The event of a REST API with Lambda proxy integration (API Gateway Developer Guide, input format)."""
    try:
        body, encoded = request.body.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(request.body).decode(), True
    query: dict[str, list[str]] = {}
    for name, value in request.query:
        query.setdefault(name, []).append(value)
    now = datetime.now(UTC)
    return {
        "resource": request.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "httpMethod": request.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.headers.get("user-agent", "")},
            "path": f"/live{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourcePath": request.path,
            "stage": "live",
        },
        "body": body or None,
        "isBase64Encoded": encoded,
    }


def proxy_response(answer: Mapping[str, Any]) -> Response:
    """The function's answer as an HTTP response.

    Raises:
        TypeError, KeyError: it is no proxy answer.
    """
    body = answer.get("body") or ""
    if not isinstance(body, str):
        body = json.dumps(body)
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {name: str(value) for name, value in (answer.get("headers") or {}).items()}
    return Response(int(answer["statusCode"]), headers, content)
