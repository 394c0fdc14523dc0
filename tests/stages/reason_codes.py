"""Every reason code that the product's source can give, found in its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LAYER = Path(__file__).resolve().parents[2] / "layers" / "bridge" / "bridge"
#: What a reason code looks like; ``*`` stands for a part that is put in at run time.
CODE = re.compile(r"[a-z0-9*]+(-[a-z0-9*]+)*")
#: Names of parameters, fields and variables that carry a code.
CARRIERS = frozenset({"reason", "why", "suspicious", "parks"})
#: Calls whose second argument is a code: the end of a report.
_ENDS = frozenset({"ends", "finish"})
#: Parts of packages where such names mean something else: kinds of items, and what is asked of an operator.
_OTHERS = (
    "operations/asked.py",
    "operations/decision_requests.py",
    "operations/requests.py",
    "aws/telemetry.py",
    "okta/events.py",
)
#: Enumerations whose values are codes, but those members that stand for no reason.
_ENUMS = ("Permission.HELD", "Permission.EXCEPTED")
_ERRORS = frozenset(
    {"Permanent", "Transient", "AuthFailure", "BreakerOpen", "Outdated", "Implausible", "NotYet", "Doubtful"}
)


def sources() -> dict[str, ast.Module]:
    """Path within the layer -> syntax tree of every module."""
    return {
        str(path.relative_to(LAYER)): ast.parse(path.read_text("utf-8"))
        for path in sorted(LAYER.rglob("*.py"))
        if not str(path.relative_to(LAYER)).startswith(_OTHERS)
    }


def texts(trees: dict[str, ast.Module]) -> frozenset[str]:
    """Every text and every pattern of a text in the source."""
    found = (_code(node) for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.expr))
    return frozenset(text for text in found if text)


def codes(trees: dict[str, ast.Module]) -> dict[str, str]:
    """Every code -> where one of them stands; a part that is known only at run time is ``*``."""
    enums = _enums(trees)
    takers = _takers(trees)
    found: dict[str, str] = {value: name for name, value in enums.items() if name.startswith(_ENUMS)}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            for value in _values(node, takers):
                for text in _constants(value, enums):
                    code = f"*-{text}" if _is_ending(node) else text
                    if CODE.fullmatch(code) and code.strip("*-"):
                        found.setdefault(code, f"{path}:{value.lineno}")
    return found


def _values(node: ast.AST, takers: dict[str, set[tuple[int, str]]]) -> Iterator[ast.expr]:
    """Expressions that give a code."""
    if isinstance(node, ast.Call):
        name = _name(node.func)
        places = {index for index, _ in takers.get(name, set())}
        keywords = {keyword for _, keyword in takers.get(name, set())} | CARRIERS
        if name in _ERRORS or _is_ending(node):
            places.add(0)
        if name in _ENDS:
            places.add(1)
        if name == "Compared":
            keywords = keywords | {"state"}
        yield from (argument for index, argument in enumerate(node.args) if index in places)
        yield from (keyword.value for keyword in node.keywords if keyword.arg in keywords)
    elif isinstance(node, ast.Assign):
        if any(isinstance(target, ast.Name) and target.id in CARRIERS for target in node.targets):
            yield node.value
    elif isinstance(node, ast.FunctionDef) and node.name.endswith(("_because", "_why", "suspicion", "exceeded")):
        yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None)


def _is_ending(node: ast.AST) -> bool:
    """Whether a call gives the end of a code, which begins with the name of the other side."""
    return isinstance(node, ast.Call) and _name(node.func) == "_transient"


def _takers(trees: dict[str, ast.Module]) -> dict[str, set[tuple[int, str]]]:
    """Name of a function or class -> index and name of the parameters that are codes."""
    found: dict[str, set[tuple[int, str]]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
                names = [name for name in names if name not in {"self", "cls"}]
                found.setdefault(node.name, set()).update(
                    (index, name) for index, name in enumerate(names) if name in CARRIERS
                )
    return found


def _enums(trees: dict[str, ast.Module]) -> dict[str, str]:
    """``Class.NAME`` -> value of every member of an enumeration, and ``NAME`` -> value of every constant text."""
    constants = {
        _name(part.targets[0]): part.value.value
        for tree in trees.values()
        for part in tree.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)
    }
    return constants | {
        f"{node.name}.{_name(part.targets[0])}": part.value.value
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)
    }


def _constants(value: ast.expr, enums: dict[str, str]) -> Iterator[str]:
    """The texts that an expression may be."""
    if isinstance(value, ast.IfExp):
        yield from _constants(value.body, enums)
        yield from _constants(value.orelse, enums)
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _constants(part, enums)
    elif isinstance(value, ast.Attribute):
        whole = value.value if value.attr == "value" else value
        if isinstance(whole, ast.Attribute):
            yield from filter(None, [enums.get(f"{_name(whole.value)}.{whole.attr}", "")])
    elif isinstance(value, ast.Name):
        yield from filter(None, [enums.get(value.id, "")])
    elif text := _code(value):
        yield text


def _code(value: ast.expr) -> str:
    """A text, or a pattern of one."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _formatted(part) for part in value.values)
    return ""


def _formatted(part: ast.expr) -> str:
    return "*" if isinstance(part, ast.FormattedValue) else ""


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
