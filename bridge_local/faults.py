"""What goes wrong with a model's answers: a `Fault` says which requests it meets, its effect what happens to them.

An effect stands between the caller and the model. It may refuse, change the request, change the answer, lose it, or
let others act before or after it. This is the one way to intercept a model, for tests, simulation and local stack.
The effects here serve both models; `bridge_local.okta.faults` and `bridge_local.genesys.faults` have each side's own.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bridge_local.exchange import ConnectionCut, Now, Request, Response, Wire

Serve = Callable[[Request], Response]
"""What answers a request: the model, or the next fault before it."""

Effect = Callable[[Request, Serve], Response]
"""What happens to a request; `Serve` asks the model. May raise `ConnectionCut`."""


@dataclass
class Fault:
    """One rule.

    Attributes:
        match: regular expression searched in ``METHOD /path?query``, the query decoded; empty for every request.
        effect: what happens.
        count: how many requests it still meets, None for any number.
        skip: how many matching requests pass first.
        until: the moment from which it meets nobody, None for ever.
        probability: of meeting a matching request.
        when: a further condition.
        met: how many requests it has met.
    """

    match: str
    effect: Effect
    count: int | None = None
    skip: int = 0
    until: datetime | None = None
    probability: float = 1.0
    when: Callable[[Request], bool] | None = None
    met: int = 0


F = TypeVar("F", bound=Fault)


@dataclass
class Faults:
    """The rules in force. All that meet a request act on it, the first one outermost.

    Attributes:
        now: the model's clock, for `Fault.until`.
        rng: the model's randomness, for `Fault.probability`.
        rules: may be changed at any time.
    """

    now: Now
    rng: random.Random
    rules: list[Fault] = field(default_factory=list)

    def add(self, fault: F) -> F:
        """Put a rule at the end, next to the model."""
        self.rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """End one rule, spent or not."""
        self.rules = [rule for rule in self.rules if rule is not fault]

    def clear(self) -> None:
        """End all faults."""
        self.rules.clear()

    def serve(self, request: Request, serve: Serve) -> Response:
        """The answer that the caller gets; `serve` is the model.

        Raises:
            ConnectionCut: a fault says so.
        """
        return self._through(tuple(self.rules), serve, request) if self.rules else serve(request)

    def _through(self, rules: tuple[Fault, ...], serve: Serve, request: Request) -> Response:
        for number, fault in enumerate(rules, 1):
            if self._meets(fault, request):
                return fault.effect(request, partial(self._through, rules[number:], serve))
        return serve(request)

    def _meets(self, fault: Fault, request: Request) -> bool:
        if fault.count == 0 or (fault.until is not None and self.now() >= fault.until):
            self.remove(fault)
            return False
        if not re.search(fault.match, line_of(request)) or not (fault.when is None or fault.when(request)):
            return False
        if fault.skip:
            fault.skip -= 1
            return False
        if fault.probability < 1 and self.rng.random() >= fault.probability:
            return False
        fault.met += 1
        if fault.count is not None:
            fault.count -= 1
            if not fault.count:
                self.remove(fault)
        return True


def line_of(request: Request) -> str:
    """``METHOD /path?query`` with the query decoded: what `Fault.match` is searched in."""
    query = "&".join(f"{name}={value}" for name, value in request.query)
    return f"{request.method} {request.path}" + (f"?{query}" if query else "")


# ---------------------------------------------------------------------------------------- time and connection


def late(seconds: float) -> Effect:
    """The work is done at once, the answer takes so much longer."""

    def effect(request: Request, serve: Serve) -> Response:
        answer = serve(request)
        answer.delay += seconds
        return answer

    return effect


def cut() -> Effect:
    """The connection breaks, nothing is done."""

    def effect(request: Request, serve: Serve) -> Response:  # noqa: ARG001 - an effect that asks nobody
        raise ConnectionCut

    return effect


def lost() -> Effect:
    """The work is done, the answer never arrives."""

    def effect(request: Request, serve: Serve) -> Response:
        serve(request)
        raise ConnectionCut

    return effect


def kept(requests: list[Request]) -> Effect:
    """The caller gets a 504 while the request is still under way: hand one of `requests` to the model to land it."""

    def effect(request: Request, serve: Serve) -> Response:  # noqa: ARG001 - an effect that asks nobody
        requests.append(request)
        return Response(504)

    return effect


def on_the_wire(wire: Wire) -> Effect:
    """The answer comes in a way that only a server can show; see `bridge_local.exchange.Wire`."""
    return changed(lambda answer: replace(answer, wire=wire))


def gzip_bomb(size: int = 600_000_000, codings: int = 2) -> Effect:
    """200 with a body of `size` zeros, compressed so many times: a few kilobytes on the wire for two codings."""
    body = bytes(size)
    for _ in range(codings):
        body = gzip.compress(body)
    headers = {"Content-Type": "application/json", "Content-Encoding": ", ".join(["gzip"] * codings)}
    return given(Response(200, headers, body))


# ------------------------------------------------------------------------------------------- answers of others


def given(answer: Response) -> Effect:
    """That answer, and nothing is done."""

    def effect(request: Request, serve: Serve) -> Response:  # noqa: ARG001 - an effect that asks nobody
        return replace(answer, headers=dict(answer.headers))

    return effect


def html(status: int = 200) -> Effect:
    """A web page in place of an answer: a proxy, a sign-in page."""
    return given(Response(status, {"Content-Type": "text/html"}, b"<html><title>Sorry</title></html>"))


def gateway(status: int = 404, message: str = "no Route matched with those values") -> Effect:
    """A gateway's JSON: a status with ``message`` and none of the service's own error fields."""
    return given(Response.of_json(status, {"message": message}))


def redirect(url: str, status: int = 302) -> Effect:
    """A redirect to another place, and nothing is done."""
    return given(Response(status, {"Location": url}))


def document(value: Any) -> Effect:
    """200 with that JSON document, such as ``null`` in place of an object, and nothing is done."""
    return given(Response.of_json(200, value))


def nested(depth: int = 100_000) -> Effect:
    """200 with lists in lists, so deep that a recursive reader fails."""
    return given(Response(200, {"Content-Type": "application/json"}, b"[" * depth + b"]" * depth))


def bare(status: int) -> Effect:
    """A status without a body, such as 204 or 304, and nothing is done."""
    return given(Response(status))


# ----------------------------------------------------------------------------------------------- changed answers


def changed(change: Callable[[Response], Response]) -> Effect:
    """The work is done, and the answer is changed."""
    return lambda request, serve: change(serve(request))


def done_but(status: int) -> Effect:
    """The work is done and its answer replaced by a status without a body: 204 for a PATCH, 502 for any."""
    return changed(lambda answer: Response(status, delay=answer.delay))


def with_status(status: int) -> Effect:
    """The work is done and its answer carries another status, such as 206."""
    return changed(lambda answer: replace(answer, status=status))


def headed(**headers: str | None) -> Effect:
    """Headers set, or taken away with None; ``_`` stands for ``-`` in names, whose case does not matter."""
    wanted = {name.replace("_", "-"): value or "" for name, value in headers.items()}
    lower = {name.lower() for name in wanted}

    def change(answer: Response) -> Response:
        rest = {name: value for name, value in answer.headers.items() if name.lower() not in lower}
        return replace(answer, headers=rest | wanted)

    return changed(change)


def edited(change: Callable[[Any], Any]) -> Effect:
    """The JSON document of a successful answer is changed; errors pass as they are."""

    def edit(answer: Response) -> Response:
        if not answer.body or not 200 <= answer.status < 300:  # noqa: PLR2004 - a success (2xx)
            return answer
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    return changed(edit)


def fields(document: Mapping[str, Any]) -> Effect:
    """Top-level fields of the JSON object are replaced; None takes one away (`edited` gives a null)."""

    def change(answer: Any) -> Any:
        merged = {**answer, **document}
        return {name: value for name, value in merged.items() if name not in document or value is not None}

    return edited(change)


def huge_numbers(digits: int = 400) -> Effect:
    """Every number of the answer's document becomes one of so many digits."""
    return odd_numbers(10 ** (digits - 1))


def odd_numbers(number: float) -> Effect:
    """Every number of the answer's document becomes that one: -1, 0.5, NaN, Infinity."""
    return edited(lambda answer: _with_numbers(answer, number))


def _with_numbers(value: Any, number: float) -> Any:
    if isinstance(value, dict):
        return {name: _with_numbers(part, number) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_numbers(part, number) for part in value]
    return number if isinstance(value, int | float) and not isinstance(value, bool) else value


def truncated() -> Effect:
    """The body is cut in the middle of its JSON, with nothing that says so."""
    return changed(lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]))


def listed(change: Callable[[list[Any]], list[Any]]) -> Effect:
    """The entries of a listing are changed, Okta's list or the ``Resources`` of a SCIM page; the rest stays."""

    def edit(answer: Any) -> Any:
        if isinstance(answer, list):
            return change(answer)
        return {**answer, "Resources": change(answer["Resources"])} if "Resources" in answer else answer

    return edited(edit)


def repeated_entries() -> Effect:
    """Every entry of a listing's page stands there twice."""
    return listed(lambda entries: [*entries, *entries])


def null_entries() -> Effect:
    """A listing has a null, a text and an empty object among its entries."""
    return listed(lambda entries: [None, "x", {}, *entries])


def without_ids() -> Effect:
    """The entries of a listing have no ``id``."""
    return listed(lambda entries: [{name: value for name, value in each.items() if name != "id"} for each in entries])


# -------------------------------------------------------------------------------------------- others meanwhile


def before(act: Callable[[], object]) -> Effect:
    """Something happens just before the request reaches the model; `act` may raise to end the process there."""

    def effect(request: Request, serve: Serve) -> Response:
        act()
        return serve(request)

    return effect


def after(act: Callable[[], object]) -> Effect:
    """Something happens when the model has answered and before the caller hears it."""

    def effect(request: Request, serve: Serve) -> Response:
        answer = serve(request)
        act()
        return answer

    return effect


def watched(note: Callable[[Request], object]) -> Effect:
    """Requests are noted on their way; nothing changes."""

    def effect(request: Request, serve: Serve) -> Response:
        note(request)
        return serve(request)

    return effect
