"""The edge of the functions that people ask: whatever happens within becomes one well-formed answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.aws.telemetry import Metric, count, logger
from bridge.errors import AuthFailure, Permanent, SettingsError, Transient
from bridge.operations.answers import Answer, Refused


def answered(ask: Callable[[], Answer]) -> dict[str, Any]:
    """The answer as JSON, or the error; no exception leaves, for Lambda would show its text and its traceback."""
    try:
        return ask().document()
    except Refused as refused:
        return refused.document()
    except SettingsError as wrong:
        return Refused("not-set-up", str(wrong)).document()
    except Transient as error:
        refuses = " refuses the bridge's credentials or role" if isinstance(error, AuthFailure) else ""
        what = f"{error.reason} {error.detail}".strip()
        return Refused("unavailable", f"{error.upstream or 'the bridge'}{refuses}: {what}").document()
    except Permanent as error:
        return Refused("refused", f"{error.reason} {error.detail}".strip()).document()
    except Exception as error:  # noqa: BLE001 - the last resort; its text may hold anything, so its type alone is told
        count(Metric.UNEXPECTED_ERRORS)
        logger.error("a request failed", extra={"why": type(error).__name__, "at": _place(error)})
        return Refused("unexpected", f"{type(error).__name__}; the function's log says where").document()


def _place(error: Exception) -> str:
    """File and line of the innermost frame: what a traceback shows beside the values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
