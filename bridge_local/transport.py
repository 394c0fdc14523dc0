"""A model in place of the network: the real HTTP client, and nothing on the wire."""

from __future__ import annotations

from bridge.outbound.http import Body, ConnectionLost, ReadTimeout, Transport, WireRequest, WireResponse
from bridge_local.exchange import ConnectionCut, Model, Request


class ModelTransport(Transport):
    """Hands each request of a `bridge.outbound.http.HttpClient` to a model.

    A cut connection becomes a connection error, an answer later than the client's read timeout a timeout, both
    after the model has done its work. No time passes.
    """

    def __init__(self, model: Model) -> None:
        """Hand the requests to `model`."""
        self._model = model

    def handle_request(self, request: WireRequest) -> WireResponse:
        """The model's answer."""
        try:
            answer = self._model.handle(
                Request.of(request.method, str(request.url), dict(request.headers), request.read())
            )
        except ConnectionCut:
            raise ConnectionLost("the model cut the connection", request=request) from None
        patience = request.extensions["timeout"]["read"]
        if answer.wire == "half-body":
            raise ConnectionLost("the model cut the connection", request=request)
        if answer.wire or (patience is not None and answer.delay > patience):
            raise ReadTimeout("the model answers too late", request=request)
        headers = [(name, value) for name, value in answer.headers.items() if value]
        return WireResponse(answer.status, headers=headers, stream=Body(answer.body), request=request)
