"""The part of Okta's filter and search expressions that the model understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from bridge_local.okta.answers import OktaError

#: Gives the values that an object has for an attribute path.
Values = Callable[[str], Iterable[str]]
#: Decides whether an object, seen through its `Values`, is meant.
Test = Callable[[Values], bool]

_TOKEN = re.compile(r'\s*(\(|\)|"(?:[^"\\]|\\.)*"|[A-Za-z][\w.]*|true|false|\d+)')
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "sw": lambda left, right: left.startswith(right),
    "co": lambda left, right: right in left,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


def parse_filter(text: str) -> Test:
    """The test that an expression of ``and``, ``or``, parentheses and comparisons makes.

    Raises:
        OktaError: 400 E0000031, the expression is not understood.
    """
    tokens: list[str] = []
    at = 0
    stripped = text.strip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise _refused()
        tokens.append(match.group(1))
        at = match.end()
    test, rest = _either(tokens)
    if rest:
        raise _refused()
    return test


def _either(tokens: list[str]) -> tuple[Test, list[str]]:
    left, rest = _both(tokens)
    while rest and rest[0].lower() == "or":
        right, rest = _both(rest[1:])
        left = _or(left, right)
    return left, rest


def _both(tokens: list[str]) -> tuple[Test, list[str]]:
    left, rest = _one(tokens)
    while rest and rest[0].lower() == "and":
        right, rest = _one(rest[1:])
        left = _and(left, right)
    return left, rest


def _one(tokens: list[str]) -> tuple[Test, list[str]]:
    if tokens and tokens[0] == "(":
        test, rest = _either(tokens[1:])
        if not rest or rest[0] != ")":
            raise _refused()
        return test, rest[1:]
    if len(tokens) < 3:  # noqa: PLR2004 - attribute, operator, value
        raise _refused()
    path, operator, value = tokens[0], tokens[1].lower(), tokens[2]
    if operator not in _OPERATORS or not value.startswith('"'):
        raise _refused()
    return _comparison(path, _OPERATORS[operator], json.loads(value)), tokens[3:]


def _comparison(path: str, operator: Callable[[str, str], bool], value: str) -> Test:
    return lambda values: any(operator(each, value) for each in values(path))


def _or(left: Test, right: Test) -> Test:
    return lambda values: left(values) or right(values)


def _and(left: Test, right: Test) -> Test:
    return lambda values: left(values) and right(values)


def _refused() -> OktaError:
    return OktaError(400, "E0000031")
