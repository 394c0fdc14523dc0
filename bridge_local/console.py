"""The console: one page that shows both sides, the queues between them, and what the bridge remembers."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from bridge_local.aws import Aws
from bridge_local.exchange import Request, Response
from bridge_local.genesys import GenesysModel
from bridge_local.logs import FunctionLogs
from bridge_local.moto_model import Moto
from bridge_local.okta import OktaModel
from bridge_local.template import Template

#: Rows that a list shows.
SHOWN = 50
_deserialize = TypeDeserializer().deserialize

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Okta to Genesys Cloud bridge</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { --ink: #1d2733; --soft: #66727f; --line: #dde3e9; --back: #f4f6f8; --card: #fff; --mark: #0b5cad; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
header { background: var(--ink); color: #fff; padding: 12px 20px; }
h1 { font-size: 18px; margin: 0; display: inline; } header span { color: #b9c4cf; margin-left: 12px; }
main { display: grid; grid-template-columns: repeat(12, 1fr); gap: 14px; padding: 14px 20px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px;
  min-width: 0; }
section.third { grid-column: span 4; } section.whole { grid-column: span 12; } section.half { grid-column: span 6; }
h2 { font-size: 15px; margin: 0 0 8px; color: var(--mark); } h3 { font-size: 13px; margin: 10px 0 4px; }
.scroll { max-height: 320px; overflow: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: 3px 8px 3px 0;
  vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
section.whole td:nth-child(n+6), section.third td:first-child { overflow-wrap: anywhere; }
p { margin: 4px 0; } .none { color: var(--soft); }
@media (max-width: 900px) { section.third, section.half { grid-column: span 12; } }
</style></head><body>
<header><h1>Okta to Genesys Cloud bridge</h1><span>local stack</span></header>
<main>__MAIN__</main>
<script>
async function refresh() {
  try {
    const answer = await fetch('/?part=main');
    if (answer.ok) {
      const scrolled = [...document.querySelectorAll('.scroll')].map(box => box.scrollTop);
      document.querySelector('main').innerHTML = await answer.text();
      document.querySelectorAll('.scroll').forEach((box, number) => { box.scrollTop = scrolled[number] || 0; });
    }
  } catch (error) { document.querySelector('header span').textContent = 'stopped'; }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 2000);
</script></body></html>
"""


class Console:
    """Answers ``/`` (the page) and ``/console.json`` (the same as data)."""

    def __init__(
        self,
        aws: Aws,
        moto: Moto,
        template: Template,
        okta: OktaModel | None,
        genesys: GenesysModel | None,
        logs: FunctionLogs,
        needs: Callable[[], list[dict[str, str]] | None],
    ) -> None:
        """Show these.

        Args:
            aws: the names of what was made in moto.
            moto: the tables.
            template: the queues.
            okta: None when an outside server stands in its place.
            genesys: likewise.
            logs: the metrics.
            needs: what needs somebody: problem, words and command of each; None where the bridge does not say.
        """
        self._aws = aws
        self._moto = moto
        self._template = template
        self._okta = okta
        self._genesys = genesys
        self._logs = logs
        self._needs = needs

    def handle(self, request: Request) -> Response | None:
        """The answer, None for a path that is not the console's."""
        if request.method != "GET" or request.path not in {"/", "/console.json"}:
            return None
        snapshot = self.snapshot()
        if request.path == "/console.json":
            return Response.of_json(200, snapshot)
        main = _main(snapshot)
        page = main if request.param("part") == "main" else _PAGE.replace("__MAIN__", main)
        return Response(200, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}, page.encode())

    def snapshot(self) -> dict[str, Any]:
        """Everything that the page shows."""
        return {
            "needs": self._needs(),
            "okta": self._okta_side(),
            "queues": self._aws.depths(self._template),
            "genesys": self._genesys_side(),
            **self._memory(),
            "metrics": dict(sorted(self._logs.metrics.items())),
        }

    def _okta_side(self) -> dict[str, Any] | None:
        okta = self._okta
        if okta is None:
            return None
        with okta.lock:
            assigned = okta.assignments[okta.app_id].current if okta.app_id in okta.assignments else {}
            users = [
                {
                    "id": user.id,
                    "name": user.display_name,
                    "status": user.status,
                    "assigned": "yes" if user.id in assigned else "no",
                }
                for user in okta.users.current.values()
            ]
            groups = [
                {"id": group.id, "name": group.name, "members": len(okta.members(group.id))}
                for group in okta.groups.current.values()
            ]
        return {"users": len(users), "groups": len(groups), "newest_users": users[-SHOWN:], "all_groups": groups}

    def _genesys_side(self) -> dict[str, Any] | None:
        genesys = self._genesys
        if genesys is None:
            return None
        documents = genesys.users()
        users = [
            {"id": each["id"], "name": each["displayName"], "active": "yes" if each["active"] else "no"}
            for each in documents
        ]
        groups = [
            {"id": id_, "name": name, "members": len(genesys.members(id_))} for id_, name in genesys.groups().items()
        ]
        return {
            "users": len(users),
            "active": sum(each["active"] for each in documents),
            "groups": len(groups),
            "calls": len(genesys.calls),
            "newest_users": users[-SHOWN:],
            "all_groups": groups,
        }

    def _memory(self) -> dict[str, Any]:
        records = list(self.records())
        journal = [record for record in records if record["sk"].startswith("journal#")]
        journal.sort(key=lambda record: str(record.get("at", "")), reverse=True)
        return {
            "journal": [_journal_row(record) for record in journal[:SHOWN]],
            "holds": [_without_keys(record) for record in records if record["sk"] == "hold"],
            "decisions": [_without_keys(record) for record in records if record["sk"].startswith("decision#")],
            "parked": [_without_keys(record) for record in records if record["pk"] == "parked"],
        }

    def holds(self) -> list[dict[str, str]]:
        """The newest hold of each entity that has one."""
        return [_without_keys(record) for record in self.records() if record["sk"] == "hold"]

    def parked(self) -> list[dict[str, str]]:
        """Every parked item."""
        return [_without_keys(record) for record in self.records() if record["pk"] == "parked"]

    def records(self) -> list[dict[str, Any]]:
        """Every record of the state table."""
        items = self._moto.items(self._aws.physical["StateTable"])
        return [{name: _deserialize(value) for name, value in item.items()} for item in items]


def _journal_row(record: dict[str, Any]) -> dict[str, str]:
    numbers = {name: int(record.get(name, 0)) for name in ("added", "removed", "held")}
    return {
        "at": str(record.get("at", ""))[:19],
        "entity": str(record.get("entity", record["pk"])),
        "reason": str(record.get("reason", "")),
        "outcome": str(record.get("outcome", "")),
        "why": str(record.get("why", "")),
        "changed": ", ".join(
            [*map(str, record.get("changed") or ()), *(f"{value} {name}" for name, value in numbers.items() if value)]
        ),
        "calls": ", ".join(map(str, record.get("calls") or ())),
    }


def _without_keys(record: dict[str, Any]) -> dict[str, str]:
    hidden = {"pk", "sk", "v", "body", "expires"}
    return {name: str(value) for name, value in record.items() if name not in hidden}


# ------------------------------------------------------------------------------------------------- HTML


def _main(snapshot: dict[str, Any]) -> str:
    queues = [{"queue": name.removesuffix("Queue"), **depth} for name, depth in snapshot["queues"].items()]
    metrics = [{"metric": name, "sum": value} for name, value in snapshot["metrics"].items()]
    return "".join(
        [
            _section("whole", "Needs you", _needs_rows(snapshot["needs"])),
            _section("third", "Okta", _side(snapshot["okta"], "users", "groups")),
            _section("third", "Queues", _table(queues) + "<h3>Metrics</h3>" + _table(metrics)),
            _section("third", "Genesys Cloud", _side(snapshot["genesys"], "users", "active", "groups", "calls")),
            _section("whole", f"Journal (newest {SHOWN})", _table(snapshot["journal"])),
            _section("half", "Holds", _table(snapshot["holds"]) + _decisions(snapshot["decisions"])),
            _section("half", "Parked", _table(snapshot["parked"])),
        ]
    )


def _needs_rows(needs: list[dict[str, str]] | None) -> str:
    if needs is None:
        return '<p class="none">The bridge does not say: its functions start or stop.</p>'
    return _table(needs) if needs else '<p class="none">Nothing: the bridge is well.</p>'


def _decisions(rows: list[dict[str, Any]]) -> str:
    return f"<h3>Decisions</h3>{_table(rows)}" if rows else ""


def _section(width: str, title: str, content: str) -> str:
    return f'<section class="{width}"><h2>{escape(title)}</h2>{content}</section>'


def _side(side: dict[str, Any] | None, *counts: str) -> str:
    if side is None:
        return '<p class="none">An outside server.</p>'
    numbers = " · ".join(f"{side[name]} {name}" for name in counts)
    groups, users = _table(side["all_groups"]), _table(side["newest_users"])
    return f"<p>{escape(numbers)}</p><h3>Groups</h3>{groups}<h3>Users (newest {SHOWN})</h3>{users}"


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return '<p class="none">None.</p>'
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in names) + "</tr>" for row in rows
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
