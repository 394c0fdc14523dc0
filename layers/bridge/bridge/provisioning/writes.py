"""Which methods of the record ports write: those that answer nothing, and those that say here that they do as well.

The ports say it, once: what only tries a sync, and what makes weather for the store, ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


def writes(method: _Method) -> _Method:
    """Mark a method of a port that writes and answers all the same."""
    method.__dict__["writes"] = True
    return method


def answers(method: Callable[..., Any]) -> bool:
    """Whether a port's method tells its caller anything."""
    return bool(signature(method).return_annotation != "None")


def is_write(method: Callable[..., Any]) -> bool:
    """Whether a port's method changes what is kept."""
    return not answers(method) or hasattr(method, "writes")


class ReadOnly:
    """What stands behind a port, for reading: what writes does nothing, and is not there where it would answer."""

    def __init__(
        self, port: type, real: object, *, foretold: Mapping[str, Callable[..., object]] | None = None
    ) -> None:
        """Read from `real`. `foretold`: what writes and answers, as functions of `real` that answer by reading."""
        self._port = port
        self._real = real
        self._foretold = foretold or {}

    def __getattr__(self, name: str) -> Any:
        if name in self._foretold:
            return partial(self._foretold[name], self._real)
        method = getattr(self._port, name, None)
        if name.startswith("_") or method is None or (is_write(method) and answers(method)):
            raise AttributeError(f"{name}: nothing is written here")
        return (lambda *_, **__: None) if is_write(method) else getattr(self._real, name)
