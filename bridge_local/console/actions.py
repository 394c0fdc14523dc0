"""What the console's buttons do: the same as the command line, by the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import boto3

from bridge.operations.answers import Answer, Discarded, Redriven
from bridge.operations.bridge_answers import Paused
from bridge.operations.requests import ParkedDiscard, ParkedRedrive, Pause
from bridge_cli.bridge import Bridge, check_why
from bridge_cli.ends import Stopped
from bridge_cli.places import Session, local

#: What is kept with a decision where nobody says why.
WHY = "console"


_EXPECTED = (
    "Expected do: approve or reject, with entity, number and revision of a hold; reconsider, redrive or discard, with "
    "entity; resume; or what `bridge play` takes."
)


class Actions:
    """Asks the running bridge for what a person has chosen."""

    def __init__(self, port: int) -> None:
        """Of the stack on this port."""
        self.bridge = Bridge(lambda: local(cast("Session", boto3.Session()), port))

    def do(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do one thing; ``ok``, and ``says``: what it means, or why it was refused and what to do.

        Args:
            asked: ``do`` is ``approve`` or ``reject`` (of ``entity``, ``number``, ``revision``), ``reconsider`` (of
                ``entity``, ``user``), ``redrive`` or ``discard`` (of ``entity``), ``resume`` (removals), or what the
                function ``Play`` takes; ``why`` is kept with a decision.
        """
        try:
            return {"ok": True, "says": self._do(asked)}
        except Stopped as stopped:
            return {"ok": False, "says": f"{stopped.message} {stopped.advice}".strip()}
        except (KeyError, TypeError, ValueError) as error:  # what pydantic refuses is a ValueError
            wrong = f"{error.args[0]}: missing. " if isinstance(error, KeyError) else ""
            return {"ok": False, "says": f"{wrong}{_EXPECTED}"}

    def _do(self, asked: Mapping[str, Any]) -> str:
        entity, verb = str(asked.get("entity", "")), str(asked.get("do", ""))
        if verb in {"scene", "mend", "okta", "break"}:
            said = self.bridge.play(dict(asked), Answer).document
            return str(said.get("says") or "Both servers, the hook and the pause are well again.")
        if verb == "resume":
            self.bridge.ask(Pause(do="resume", what="removals"), Paused)
            return "Removals pass within the ceilings again."
        if verb == "redrive":
            self.bridge.ask(ParkedRedrive(entity=entity), Redriven)
            return "It is synced again now; a success closes the record."
        why = self._why(asked)
        if verb == "discard":
            self.bridge.ask(ParkedDiscard(entity=entity, why=why), Discarded)
            return "It waits for nobody, until something changes."
        if verb == "reconsider":
            taken = self.bridge.reconsider(entity, str(asked["user"]) if asked.get("user") else None, why).answer
            return f"The exception of {len(taken.users)} is taken back; the next sync judges them."
        if verb == "approve":
            return self.bridge.decide(
                "approve", entity, int(asked["number"]), int(asked["revision"]), why
            ).answer.releases
        if verb == "reject":
            return self.bridge.decide(
                "reject", entity, int(asked["number"]), int(asked["revision"]), why
            ).answer.releases
        raise ValueError(verb)

    @staticmethod
    def _why(asked: Mapping[str, Any]) -> str:
        return check_why(str(asked.get("why") or WHY))
