"""How a command ends: its exit code, and what is said when it cannot go on."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class End(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_YET = 4
    INTERRUPTED = 130


#: What each exit code means, for --help.
MEANINGS = {
    End.DONE: "done",
    End.FAILED: "refused, or failed, or you answered no",
    End.USAGE: "wrong usage, or nobody to ask and no --yes; for check: it could not ask",
    End.UNREACHABLE: "the bridge is not reachable, or you are not allowed",
    End.NOT_YET: "not done yet: it goes on by itself, or is worth another try",
    End.INTERRUPTED: "interrupted by Ctrl-C",
}

#: What to do after a refusal, by its reason; see `bridge.operations.answers.Refused`.
_ADVICE = {
    "not-set-up": "`bridge setup` fills the secret; `bridge status` names what is missing.",
    "unavailable": "Try again in a minute.",
    "identity-refused": "Does `aws sts get-caller-identity` answer with this profile and region? Is the clock right?",
    "hold-not-open": "`bridge holds show` says how the hold stands; a later change opens a new one.",
    "revision-unknown": "The hold has changed: read it again with `bridge holds show`.",
    "already-decided": "The first decision stands; `bridge holds show` names who made it.",
    "readers-may-not": "You need the operators' policy for it: an output of the stack names it.",
    "nothing-parked": "`bridge parked list` shows what is parked.",
    "not-found": "Check the id: users begin with 00u, groups with 00g. `bridge explain` says how one stands, and "
    "`bridge holds list` what is held.",
}
_ENDS = {
    "unavailable": End.NOT_YET,
    "identity-refused": End.UNREACHABLE,
    "readers-may-not": End.UNREACHABLE,
    "invalid-request": End.USAGE,
}


class Stopped(Exception):
    """A command cannot go on.

    Args:
        end: the exit code.
        message: what happened.
        advice: what to do next, may be empty.
        reason: the bridge's code for a refusal; else a code for the end itself.
    """

    def __init__(self, end: End, message: str, advice: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.end = end
        self.message = message
        self.advice = advice
        self.reason = reason or end.name.lower().replace("_", "-")

    @classmethod
    def by(cls, reason: str, message: str) -> Stopped:
        """A refusal by the bridge, with what to do about it."""
        end, advice = _ENDS.get(reason, End.FAILED), _ADVICE.get(reason, "")
        return cls(end, f"{message} ({reason})", advice, reason=reason)

    def document(self) -> dict[str, Any]:
        """The same for programs, in the form of the bridge's own refusals; `do` is the advice, where there is one."""
        error = {"reason": self.reason, "message": self.message}
        return {"ok": False, "error": {**error, "do": self.advice} if self.advice else error}
