"""What the official Genesys Cloud SDK and the model said to each other still holds: no SDK needed to say it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sdk.transcript import Recorder, organisation

TRANSCRIPT: list[dict[str, Any]] = json.loads((Path(__file__).parent / "sdk_transcript.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def repeated() -> list[dict[str, Any]]:
    """The transcript's requests, sent to a new organisation: what is said now."""
    recorder = Recorder(organisation())
    for step in TRANSCRIPT:
        recorder.begin(step["step"])
        for exchange in step["exchanges"]:
            recorder.repeat(exchange)
    return recorder.steps


@pytest.mark.parametrize("number", range(len(TRANSCRIPT)), ids=[step["step"] for step in TRANSCRIPT])
def test_the_model_answers_the_sdk_as_it_did(number: int, repeated: list[dict[str, Any]]) -> None:
    """Each answer of a step has the status, headers and document that the SDK read; `make contract-sdk` renews them."""
    assert repeated[number] == TRANSCRIPT[number]


def test_the_transcript_has_the_nine_steps_and_every_kind_of_answer() -> None:
    """It covers what the bridge does at Genesys Cloud, and both shapes of errors."""
    answers = [exchange["answer"] for step in TRANSCRIPT for exchange in step["exchanges"]]
    assert len(TRANSCRIPT) == 9
    assert {answer["status"] for answer in answers} == {200, 201, 304, 400, 401, 404, 409, 429}
    refusals = [answer["body"] for answer in answers if answer["status"] >= 400]
    assert {"ScimError" if "schemas" in body else "ErrorBody" for body in refusals} == {"ScimError", "ErrorBody"}


def test_an_answer_that_differs_is_seen() -> None:
    """The comparison can fail: an organisation whose manager is gone answers otherwise."""
    model = organisation()
    model.delete_user(model.users()[0]["id"])
    recorder = Recorder(model)
    for step in TRANSCRIPT[:2]:
        recorder.begin(step["step"])
        recorder.repeat(step["exchanges"][0])
    assert recorder.steps[0] == TRANSCRIPT[0]
    assert recorder.steps[1]["exchanges"][0]["answer"] != TRANSCRIPT[1]["exchanges"][0]["answer"]
