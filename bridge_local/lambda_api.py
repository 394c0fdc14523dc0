"""The part of Lambda's API that the bridge's people and functions use: Invoke, and event source mappings.

Source: AWS Lambda API reference: Invoke, GetEventSourceMapping, UpdateEventSourceMapping, GetAccountSettings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from threading import Thread
from typing import Any, Protocol
from urllib.parse import unquote

from bridge_local.exchange import Request, Response
from bridge_local.functions import Invoked
from bridge_local.sources import Sources

_INVOKE = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?")
_ACCOUNT = re.compile(r"/2016-08-19/account-settings/?")
_MAPPING = re.compile(r"/2015-03-31/event-source-mappings/(?P<id>[A-Za-z0-9-]+)/?")


class Invocable(Protocol):
    """What is invoked by its name."""

    def invoke(self, event: Any, qualifier: str = "") -> Invoked:
        """Handle an event that comes through an alias, if one is named."""
        ...


class LambdaApi:
    """Answers Lambda's paths."""

    def __init__(self, functions: Mapping[str, Invocable], sources: Sources, concurrency: int) -> None:
        """`functions` by name; `concurrency`: the account's quota of concurrent executions."""
        self._functions = functions
        self._concurrency = concurrency
        self._sources = sources

    def handle(self, request: Request) -> Response | None:
        """The answer, None for a path that is not Lambda's."""
        if (invoke := _INVOKE.fullmatch(request.path)) and request.method == "POST":
            name, _, qualifier = unquote(invoke["name"]).rpartition(":function:")[2].partition(":")
            return self._invoke(name, request.param("Qualifier", qualifier), request)
        if mapping := _MAPPING.fullmatch(request.path):
            return self._mapping(mapping["id"], request)
        if _ACCOUNT.fullmatch(request.path):
            limits = {"ConcurrentExecutions": self._concurrency, "UnreservedConcurrentExecutions": self._concurrency}
            return Response.of_json(200, {"AccountLimit": limits, "AccountUsage": {}})
        return None

    def _invoke(self, name: str, qualifier: str, request: Request) -> Response:
        function = self._functions.get(name)
        if function is None:
            return _error(404, "ResourceNotFoundException", f"Function not found: {name}")
        try:
            event = json.loads(request.body or b"{}")
        except ValueError:
            return _error(400, "InvalidRequestContentException", "Could not parse request body into json")
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            Thread(target=function.invoke, args=(event, qualifier), daemon=True).start()
            return Response(202)
        return _answered(function.invoke(event, qualifier))

    def _mapping(self, id_: str, request: Request) -> Response:
        if id_ not in self._sources.known:
            return _error(404, "ResourceNotFoundException", "The resource you requested does not exist.")
        if request.method == "PUT":
            wanted = json.loads(request.body or b"{}").get("Enabled")
            if wanted is True:
                self._sources.enable(id_)
            elif wanted is False:
                self._sources.disable(id_)
            return Response.of_json(202, self._described(id_))
        return Response.of_json(200, self._described(id_))

    def _described(self, id_: str) -> dict[str, Any]:
        source = self._sources.known[id_]
        return {
            "UUID": id_,
            "BatchSize": source.batch,
            "EventSourceArn": f"arn:aws:sqs:us-east-1:123456789012:{source.queue}.fifo",
            "State": "Enabled" if self._sources.enabled(id_) else "Disabled",
        }


def _answered(invoked: Invoked) -> Response:
    headers = {"X-Amz-Executed-Version": "$LATEST"}
    if invoked.failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response.of_json(200, invoked.payload, headers)


def _error(status: int, kind: str, message: str) -> Response:
    return Response.of_json(status, {"Type": "User", "Message": message}, {"x-amzn-ErrorType": kind})
