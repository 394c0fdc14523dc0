"""SCIM PATCH (RFC 7644 3.5.2): reading the request, and applying it to a user's attributes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge_local.genesys.errors import bad_request
from bridge_local.genesys.paths import BadPath, Condition, Target, read_path
from bridge_local.genesys.schema import USER, Attribute, ResourceSchema
from bridge_local.genesys.switches import GenesysSwitches

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_OPS = frozenset({"add", "replace", "remove"})


@dataclass(frozen=True)
class Operation:
    """One operation on one attribute.

    Attributes:
        op: add, replace or remove.
        urn: the schema of the attribute.
        attribute: what is changed.
        value: None for a remove without one.
        conditions: those in brackets.
        part: the sub-attribute behind the dot.
    """

    op: str
    urn: str
    attribute: Attribute
    value: Any = None
    conditions: tuple[Condition, ...] = ()
    part: Attribute | None = None


def read_operations(switches: GenesysSwitches, schema: ResourceSchema, body: Any) -> list[Operation]:
    """The operations of a PATCH body; one without a path becomes one for each attribute in its value.

    Raises:
        Refused: 400 invalidSyntax, invalidPath or noTarget.
    """
    if not isinstance(body, Mapping) or PATCH_URN not in (body.get("schemas") or ()):
        raise bad_request(switches, "invalidSyntax", f"schemas must name {PATCH_URN}")
    entries = body.get("Operations")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        raise bad_request(switches, "invalidSyntax", "Operations must be a list of operations")
    operations: list[Operation] = []
    for entry in entries:
        operations.extend(_read_one(switches, schema, entry))
    return operations


def _read_one(switches: GenesysSwitches, schema: ResourceSchema, entry: Mapping[str, Any]) -> list[Operation]:
    op, path, value = entry.get("op"), entry.get("path"), entry.get("value")
    if isinstance(op, str) and switches.capitalised_ops:
        op = op.lower()
    if not isinstance(op, str) or op not in _OPS:
        raise bad_request(switches, "invalidSyntax", "op must be add, replace or remove")
    if path is not None and not isinstance(path, str):
        raise bad_request(switches, "invalidPath", "path must be a string")
    if path:
        return _at(switches, schema, op, path, value)
    if op == "remove":
        raise bad_request(switches, "noTarget", "remove needs a path")
    if not isinstance(value, Mapping):
        raise bad_request(switches, "invalidSyntax", "without a path the value must be an object")
    operations: list[Operation] = []
    for name, part in value.items():
        if name.lower() != "schemas":
            operations.extend(_at(switches, schema, op, name, part))
    return operations


def _at(switches: GenesysSwitches, schema: ResourceSchema, op: str, path: str, value: Any) -> list[Operation]:
    """The operation at `path`; on a whole extension one for each attribute."""
    try:
        target: Target = read_path(schema, path)
    except BadPath as error:
        raise bad_request(switches, "invalidPath", str(error)) from error
    if target.attribute is not None:
        if target.attribute.mutability == "readOnly" and target.attribute.name != "id":
            raise bad_request(switches, "mutability", f"{target.attribute.name} is read-only")
        return [Operation(op, target.urn, target.attribute, value, target.conditions, target.part)]
    if op == "remove":
        return [Operation(op, target.urn, attribute) for attribute in schema.extensions[target.urn].values()]
    if not isinstance(value, Mapping):
        raise bad_request(switches, "invalidValue", "the value of an extension must be an object")
    operations: list[Operation] = []
    for name, part in value.items():
        operations.extend(_at(switches, schema, op, f"{target.urn}:{name}", part))
    return operations


def same_id(switches: GenesysSwitches, operation: Operation, resource_id: str) -> None:
    """An operation on ``id`` says nothing new or is refused.

    Raises:
        Refused: 400 mutability.
    """
    if operation.op == "remove" or operation.value != resource_id:
        raise bad_request(switches, "mutability", "id is read-only")


@dataclass(frozen=True)
class UserPatch:
    """Applies operations to a copy of a user's attributes; what comes out is not yet validated."""

    switches: GenesysSwitches
    user_id: str

    def apply(self, attributes: Mapping[str, Any], operations: list[Operation]) -> dict[str, Any]:
        """The attributes after all operations.

        Raises:
            Refused: 400.
        """
        document = copy.deepcopy(dict(attributes))
        document["emails"] = [*document.get("emails", []), {"value": document["userName"], "type": "other"}]
        for operation in operations:
            self._apply(document, operation)
        return document

    def _apply(self, document: dict[str, Any], operation: Operation) -> None:
        attribute, value = operation.attribute, operation.value
        if attribute.name == "id":
            same_id(self.switches, operation, self.user_id)
            return
        holder = document if operation.urn == USER.urn else document.setdefault(operation.urn, {})
        if attribute.multi:
            elements = holder.get(attribute.name, [])
            change = self._some if operation.conditions else self._all
            holder[attribute.name] = change(elements, operation)
        elif attribute.type == "complex":
            self._complex(holder, operation)
        elif operation.op == "remove" or value is None:
            holder.pop(attribute.name, None)
        else:
            holder[attribute.name] = value

    def _complex(self, holder: dict[str, Any], operation: Operation) -> None:
        """The manager: by its id, or as an object."""
        name = operation.attribute.name
        value = operation.value
        if operation.op == "remove" or value is None:
            holder.pop(name, None)
        elif operation.part is not None:
            holder[name] = {**holder.get(name, {}), operation.part.name: value}
        else:
            holder[name] = value if isinstance(value, Mapping) else {"value": value}

    def _all(self, elements: list[dict[str, Any]], operation: Operation) -> list[dict[str, Any]]:
        """The list as a whole: add puts elements into their slots, remove with a value takes those away."""
        attribute, value = operation.attribute, operation.value
        given = value if isinstance(value, list) else [value] if value is not None else []
        if not all(isinstance(element, Mapping) for element in given):
            raise bad_request(self.switches, "invalidValue", f"{attribute.name} must be a list of objects")
        keyed = _keyed(attribute)
        if operation.op == "replace":
            return list(given)
        keys = {keyed(element) for element in given}
        rest = [element for element in elements if keyed(element) not in keys]
        if operation.op == "remove":
            return rest if given else []
        return [*rest, *given]

    def _some(self, elements: list[dict[str, Any]], operation: Operation) -> list[dict[str, Any]]:
        """The elements that the brackets choose."""
        chosen = [all(condition.holds(element) for condition in operation.conditions) for element in elements]
        if operation.op == "remove" or operation.value is None:
            if operation.part is None or operation.part.name == "value":
                return [element for element, hit in zip(elements, chosen, strict=True) if not hit]
            change: dict[str, Any] = {operation.part.name: None}
        elif operation.part is not None:
            change = {operation.part.name: operation.value}
        elif isinstance(operation.value, Mapping):
            change = dict(operation.value)
        else:
            raise bad_request(self.switches, "invalidValue", f"{operation.attribute.name} elements are objects")
        if any(chosen):
            return [{**element, **change} if hit else element for element, hit in zip(elements, chosen, strict=True)]
        if operation.op == "remove":
            return elements
        if operation.op == "replace" and self.switches.no_target == "400":
            raise bad_request(self.switches, "noTarget", "no element matches the brackets")
        made = {condition.part.name: condition.value for condition in operation.conditions}
        return [*elements, {**made, **change}]


def _keyed(attribute: Attribute) -> Callable[[Mapping[str, Any]], str]:
    part = attribute.part(attribute.key)
    exact = part is not None and part.case_exact
    return lambda element: str(element.get(attribute.key)) if exact else str(element.get(attribute.key)).casefold()
