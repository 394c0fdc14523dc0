"""The model's state as JSON, so that a local stack can be stopped and started again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from bridge_local.okta.oauth import OAuth
from bridge_local.okta.org import Org
from bridge_local.okta.records import App, Assignment, EventHook, Group, GroupAssignment, User
from bridge_local.okta.system_log import Entity, LogEntry, Transaction

R = TypeVar("R")


def to_state(org: Org, oauth: OAuth) -> dict[str, Any]:
    """Everything the org holds, as plain JSON values. Switches, rate limits and access tokens are left out."""
    version, numbers, gauss = org.rng.getstate()
    return {
        "v": 1,
        "org_url": org.org_url,
        "rng": [version, list(numbers), gauss],
        "users": [_plain(user) for user in org.users.current.values()],
        "groups": [_plain(group) for group in org.groups.current.values()],
        "members": {group_id: sorted(org.members(group_id)) for group_id in org.groups},
        "apps": [_plain(app) for app in org.apps.values()],
        "assignments": [_plain(each) for table in org.assignments.values() for each in table.current.values()],
        "app_groups": {app: [_plain(each) for each in table.current.values()] for app, table in org.app_groups.items()},
        "hooks": [_plain(hook) for hook in org.hooks.values()],
        "log": {
            "first": org.log.first,
            "entries": [_plain(entry) for entry in org.log.all()],
            "waiting": [[at, _plain(entry)] for at, entry in org.log.waiting()],
        },
        "clients": [[each.client_id, list(each.keys), sorted(each.scopes)] for each in oauth.clients.values()],
    }


def restore(org: Org, oauth: OAuth, state: Mapping[str, Any]) -> None:
    """Fill an empty org with what `to_state` gave."""
    with org.quietly():
        for document in state["apps"]:
            org.add_app(_record(App, document))
        for document in state["users"]:
            org.add_user(_record(User, document))
        for document in state["groups"]:
            group = _record(Group, document)
            org.groups.put(group.id, group)
            for user_id in state["members"][group.id]:
                org.join(user_id, group.id)
        for document in state["assignments"]:
            assignment = _record(Assignment, document)
            org.assignments[assignment.app_id].put(assignment.user_id, assignment)
        for app_id, documents in state["app_groups"].items():
            for document in documents:
                org.app_groups[app_id].put(document["group_id"], _record(GroupAssignment, document))
        for document in state["hooks"]:
            org.hooks[document["id"]] = _record(EventHook, document)
        log = state["log"]
        waiting = [(at, _record(LogEntry, document)) for at, document in log["waiting"]]
        org.log.restore(log["first"], [_record(LogEntry, document) for document in log["entries"]], waiting)
        for client_id, keys, scopes in state["clients"]:
            oauth.register(client_id, keys, scopes)
    version, numbers, gauss = state["rng"]
    org.rng.setstate((version, tuple(numbers), gauss))


def _plain(record: Any) -> Any:
    if isinstance(record, datetime):
        return record.isoformat()
    if isinstance(record, tuple):
        return [_plain(each) for each in record]
    if isinstance(record, Entity | Transaction) or hasattr(record, "__dataclass_fields__"):
        return {each.name: _plain(getattr(record, each.name)) for each in fields(record) if each.init}
    return dict(record) if isinstance(record, Mapping) else record


def _record(kind: type[R], document: Mapping[str, Any]) -> R:
    known = [each for each in fields(kind) if each.init and each.name in document]  # type: ignore[arg-type] # every R is a dataclass
    return kind(**{each.name: _value(str(each.type), document[each.name]) for each in known})


def _value(annotation: str, value: Any) -> Any:
    if value is None:
        return None
    if annotation.startswith("datetime"):
        return datetime.fromisoformat(value)
    if annotation == "Entity":
        return _record(Entity, value)
    if annotation == "Transaction":
        return _record(Transaction, value)
    if annotation.startswith("tuple[Entity"):
        return tuple(_record(Entity, each) for each in value)
    return tuple(value) if annotation.startswith("tuple") else value
