"""Which methods of the record ports write: those that answer nothing, and those that say here that they do as well.

The ports say it, once: what only tries a sync, and what makes weather for the store, ask here.
"""

from __future__ import annotations

from collections.abc import Callable
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
