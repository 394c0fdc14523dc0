"""The console's page, its data, and what its buttons ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from bridge.operations.bridge_answers import Status
from bridge_local.acts import ACTS, BREAKS, Acts
from bridge_local.aws import Aws
from bridge_local.console import charts, overview
from bridge_local.console.actions import Actions
from bridge_local.console.memory import Memory, Record, read_memory, records
from bridge_local.console.sides import Sides
from bridge_local.exchange import Request, Response
from bridge_local.genesys import GenesysModel
from bridge_local.logs import FunctionLogs
from bridge_local.moto_model import Moto
from bridge_local.okta import OktaModel
from bridge_local.options import Options
from bridge_local.play import scenes
from bridge_local.template import Template

_HERE = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/console/style.css": ("style.css", "text/css"),
    "/console/main.js": ("main.js", "text/javascript"),
    "/console/dom.js": ("dom.js", "text/javascript"),
    "/console/views.js": ("views.js", "text/javascript"),
    "/console/details.js": ("details.js", "text/javascript"),
    "/console/charts.js": ("charts.js", "text/javascript"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_HIDDEN = frozenset({"pk", "sk", "v", "body", "expires"})


class Console:
    """Answers ``/`` (the page), ``/console.json`` (the same as data) and what its buttons ask for."""

    def __init__(
        self,
        options: Options,
        aws: Aws,
        moto: Moto,
        template: Template,
        okta: OktaModel | None,
        genesys: GenesysModel | None,
        logs: FunctionLogs,
        status: Callable[[], Status | None],
        now: Callable[[], datetime],
    ) -> None:
        """Show these.

        Args:
            options: of the stack: its port, and how quickly time passes.
            aws: the names of what was made in moto.
            moto: the tables.
            template: the queues.
            okta: None when an outside server stands in its place.
            genesys: likewise.
            logs: the metrics.
            status: what the bridge says of itself; None where it does not answer.
            now: the present moment.
        """
        self._aws, self._moto, self._template = aws, moto, template
        self._okta, self._genesys, self._logs = okta, genesys, logs
        self._status, self._now = status, now
        self._speed = options.schedule_speed
        self._options = "--local" if options.port == Options.port else f"--local --port {options.port}"
        self._actions = Actions(options.port)
        self._sides = self._acts = None
        if okta is not None and genesys is not None:
            self._sides = Sides(okta, genesys, options.variables.get("DEFAULT_PHONE_REGION") or "US")
            self._acts = Acts(okta, genesys)
        self._dashboard = charts.definition(template)
        #: One look at a time: several pages may be open.
        self._lock = Lock()

    def handle(self, request: Request) -> Response | None:
        """The answer, None for a path that is not the console's."""
        if request.method == "GET" and request.path in _FILES:
            name, media = _FILES[request.path]
            return Response(200, {"Content-Type": f"{media}; charset=utf-8", **_HEADERS}, (_HERE / name).read_bytes())
        if request.method == "GET" and request.path == "/console.json":
            return Response.of_json(200, self.snapshot(request.param("find"), request.param("of")), _HEADERS)
        if request.method == "GET" and request.path == "/console/charts.json":
            return Response.of_json(200, self.charts(), _HEADERS)
        if request.method == "POST" and request.path == "/console/do":
            return self._do(request)
        return None

    def _do(self, request: Request) -> Response:
        """Do what a button of this page asks for; a page of anybody else cannot send JSON here unasked."""
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Response.of_json(415, {"ok": False, "says": "Expected application/json."}, _HEADERS)
        try:
            asked = json.loads(request.body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            return Response.of_json(400, {"ok": False, "says": "Expected a JSON object."}, _HEADERS)
        return Response.of_json(200, self._actions.do(asked), _HEADERS)

    # ------------------------------------------------------------------------------------------- data

    def snapshot(self, find: str = "", of: str = "") -> dict[str, Any]:
        """Everything that the page shows; `find`: whom it looks for, `of`: the entity whose page is open."""
        status = self._status()
        with self._lock:
            memory = read_memory(self._moto, self._aws.physical["StateTable"])
            if self._sides is not None:
                self._sides.compare()
            shown = overview.document(memory, self._sides, status, self._now(), self._options)
            return {
                **shown,
                "queues": self._aws.depths(self._template),
                "metrics": dict(sorted(self._logs.metrics.items())),
                **self._both(memory, find),
                "play": self._play(),
                "of": self._of(of, memory) if of else None,
            }

    def _both(self, memory: Memory, find: str) -> dict[str, Any]:
        if self._sides is None:
            return {"people": None, "groups": None}
        groups = [overview.group_line(group, memory) for group in self._sides.groups(memory.groups)]
        # Those first that somebody may ask about: held, different, not linked; `sorted` keeps the rest in order.
        groups.sort(key=lambda each: (not (each["way"] and each["linked"]), not each["differs"], not each["open"]))
        return {"people": overview.people(self._sides, memory, find.strip()), "groups": groups}

    def _of(self, entity: str, memory: Memory) -> dict[str, Any]:
        """One person or group, with the whole journal."""
        own = read_memory(self._moto, self._aws.physical["StateTable"], entity)
        kind, _, okta_id = entity.partition(":")
        shown: dict[str, Any] = {
            "entity": entity,
            "name": overview.name_of(entity, self._sides, memory),
            "journal": [overview.entry(record, self._sides, memory) for record in own.journal],
            "person": None,
            "group": None,
        }
        sides = self._sides
        if sides is None:
            return shown
        if kind == "user" and okta_id in sides.people:
            shown["person"] = overview.person_line(sides.people[okta_id], memory)
            shown["groups"] = self._groups_of(okta_id)
        if kind == "group":
            group = next((each for each in sides.groups(memory.groups) if each.id == okta_id), None)
            if group is not None:
                shown["group"] = overview.group_line(group, memory)
                shown["members"] = overview.members(group, memory, sides)
        return shown

    def _groups_of(self, okta_id: str) -> list[dict[str, str]]:
        okta = self._okta
        if okta is None:
            return []
        with okta.lock:
            names = {each: okta.groups.current[each].name for each in okta.groups_of(okta_id)}
        return [{"id": each, "name": name} for each, name in sorted(names.items(), key=lambda pair: pair[1])]

    def _play(self) -> dict[str, Any] | None:
        if self._acts is None:
            return None
        return {
            "broken": self._acts.broken(),
            "breaks": dict(BREAKS),
            "acts": {
                name: {"says": act.says, "takes": list(act.takes), "count": act.count} for name, act in ACTS.items()
            },
            "scenes": {name: scene.says for name, scene in scenes().items()},
        }

    def charts(self) -> dict[str, Any]:
        """The charts of the Service dashboard; each time it is noted how old the queues' messages are."""
        now = self._now().timestamp()
        charts.note_ages(self._logs.series, self._aws.queues(self._template), self._moto.messages(), now)
        return {
            "charts": charts.charts(self._dashboard, self._logs.series, now, self._speed),
            "speed": self._speed,
        }

    # ----------------------------------------------------------------------------------- for proofs

    def holds(self) -> list[dict[str, str]]:
        """The newest hold of each entity that has one."""
        return [_shown(record) for record in self.records() if record["sk"] == "hold"]

    def parked(self) -> list[dict[str, str]]:
        """Every parked item."""
        return [_shown(record) for record in self.records() if record["pk"] == "parked"]

    def records(self) -> list[Record]:
        """Every record of the state table."""
        return records(self._moto, self._aws.physical["StateTable"])


def _shown(record: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in record.items() if name not in _HIDDEN}
