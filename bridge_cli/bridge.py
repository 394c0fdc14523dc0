"""Asks a running bridge, and says in people's words why there is no answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as NoConnection
from pydantic import ValidationError

from bridge.operations.answers import Answer, Refused
from bridge.operations.asked import NAMES, READER, Asked
from bridge.operations.decision_requests import Decide, Keep, Reconsider, parse_decision
from bridge.operations.hold_answers import Decided, Kept, Reconsidered
from bridge.operations.requests import parse_operation
from bridge_cli.ends import End, Stopped
from bridge_cli.places import LOCAL_PLAY, Place

A = TypeVar("A", bound=Answer)

#: Parts of AWS's error codes that say: not you.
_NOT_ALLOWED = ("AccessDenied", "Unauthorized", "UnrecognizedClient", "InvalidClientToken", "Signature", "Expired")


@dataclass(frozen=True)
class Reply(Generic[A]):
    """An answer.

    Attributes:
        document: as it came.
        answer: the same, read.
    """

    document: dict[str, Any]
    answer: A


class Bridge:
    """A running bridge; where it is, is found out when it is first asked."""

    def __init__(self, find: Callable[[], Place]) -> None:
        """`find` says where the bridge runs."""
        self._find = find
        self._place: Place | None = None

    @property
    def place(self) -> Place:
        """Where it runs."""
        if self._place is None:
            with explained():
                self._place = self._find()
        return self._place

    def ask(self, request: Asked, kind: type[A]) -> Reply[A]:
        """What the operations function answers; what only reads is asked of its alias for readers.

        Raises:
            Stopped: it refused, it failed, or it is out of reach.
        """
        payload = request.model_dump(mode="json")
        with _checked():
            parse_operation(payload)
        function = self.place.operations
        alias = f":{NAMES}" if request.names else f":{READER}" if request.reads else ""
        return self._invoke(f"{function}{alias}", payload, kind)

    def play(self, payload: dict[str, Any], kind: type[A]) -> Reply[A]:
        """What the local stack's function for scenes answers.

        Raises:
            Stopped: as `ask`.
        """
        return self._invoke(LOCAL_PLAY, payload, kind)

    def decide(
        self, verdict: Literal["approve", "reject"], entity: str, number: int, revision: int, why: str
    ) -> Reply[Decided]:
        """What the approvals function answers to a decision that is signed with the caller's own credentials.

        Raises:
            Stopped: as `ask`.
        """
        place = self.place
        payload = {"do": verdict, "entity": entity, "number": number, "revision": revision, "why": why}
        with _checked():
            parse_decision({**payload, "identity": "-"})
        from bridge.approvals.signing import binding, sign_identity  # half of the time that --help would take

        bound = binding(place.approvals, verdict, entity, number, revision, why)
        with explained():
            payload["identity"] = sign_identity(place.credentials, place.region, bound, endpoint=place.sts)
        return self._invoke(place.approvals, payload, Decided)

    def reconsider(self, entity: str, user: str | None, why: str) -> Reply[Reconsidered]:
        """Take exceptions back, signed as `decide`.

        Raises:
            Stopped: as `ask`.
        """
        return self._sign(Reconsider(entity=entity, user=user, why=why, identity="-"), Reconsidered)

    def keep(self, entity: str, users: list[str], why: str) -> Reply[Kept]:
        """Put exceptions back, signed as `decide`.

        Raises:
            Stopped: as `ask`.
        """
        return self._sign(Keep(entity=entity, users=users, why=why, identity="-"), Kept)

    def _sign(self, asked: Reconsider | Keep, kind: type[A]) -> Reply[A]:
        place = self.place
        with _checked():
            parse_decision(asked.model_dump())
        from bridge.approvals.signing import binding, sign_identity

        bound = binding(place.approvals, asked.do, asked.about, 0, 0, asked.why)
        with explained():
            identity = sign_identity(place.credentials, place.region, bound, endpoint=place.sts)
        return self._invoke(place.approvals, asked.model_dump() | {"identity": identity}, kind)

    def _invoke(self, function: str, payload: dict[str, Any], kind: type[A]) -> Reply[A]:
        with explained():
            answer = self.place.client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
            document = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Stopped(
                End.FAILED,
                f"The function {function} failed: {document.get('errorType', '')} {document.get('errorMessage', '')}",
                "Its log says more. Asking again is harmless.",
            )
        if not isinstance(document, dict) or "ok" not in document:
            raise _misread(function)
        if not document["ok"]:
            error = document.get("error", {})
            raise Stopped.by(str(error.get("reason", "")), str(error.get("message", "refused without a word")))
        try:
            return Reply(document, kind.model_validate(document))
        except ValidationError:
            raise _misread(function) from None


def check_why(why: str) -> str:
    """The reason of a decision, as the approvals function takes it.

    Raises:
        ValueError: it takes no such text; the message says what it takes.
    """
    try:
        parse_decision(
            Decide(do="approve", entity="app", number=1, revision=1, why="-", identity="-").model_dump() | {"why": why}
        )
    except Refused as refused:
        raise ValueError(refused.message.removeprefix("why: ")) from None
    return why


def _misread(function: str) -> Stopped:
    return Stopped(
        End.FAILED,
        f"The answer of {function} is not understood.",
        "This command and the deployed bridge are of different versions: check out the deployed one.",
    )


@contextmanager
def _checked() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise Stopped(End.USAGE, refused.message, "`--help` shows an example.") from None


@contextmanager
def explained() -> Iterator[None]:
    """Failures of AWS's own clients, in people's words."""
    try:
        yield
    except ClientError as error:
        raise _refused_by_aws(error) from None
    except ReadTimeoutError:
        raise Stopped(
            End.NOT_YET,
            "No answer in time; whether it was done is not known.",
            "`bridge status` shows how things stand. Asking again is harmless.",
        ) from None
    except (NoConnection, HTTPClientError) as error:
        raise Stopped(
            End.UNREACHABLE, f"No connection: {error}", "With --local: does `make local` run, on this --port?"
        ) from None
    except NoCredentialsError:
        raise Stopped(End.UNREACHABLE, "No AWS credentials.", "Add --profile, or `aws sso login`.") from None
    except BotoCoreError as error:
        raise Stopped(End.UNREACHABLE, str(error), "Check --profile and --region, or `aws sso login`.") from None


def _refused_by_aws(error: ClientError) -> Stopped:
    says = error.response.get("Error", {})
    code, message = says.get("Code", ""), says.get("Message", "")
    if any(part in code for part in _NOT_ALLOWED):
        return Stopped(
            End.UNREACHABLE,
            f"AWS does not allow it: {message} ({code})",
            "The stack's outputs name the policies for people: readers, operators and approvers have one each.",
        )
    if code in {"TooManyRequestsException", "ThrottlingException", "ServiceException"}:
        return Stopped(End.NOT_YET, f"AWS is busy: {message} ({code})", "Try again in a minute.")
    return Stopped(End.UNREACHABLE, f"AWS: {message} ({code})", "Check --stack, --region and --profile.")
