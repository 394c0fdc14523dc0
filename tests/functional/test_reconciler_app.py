"""The reconciler's handler before the bridge is set up."""

from __future__ import annotations

from typing import Any, cast

import pytest

from functions.reconciler import app
from tests.world import Context


def test_before_the_set_up_every_event_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick of a stack without its settings says what is missing, and fails nobody."""
    for name in ("OKTA_ORG_URL", "OKTA_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    app.compose.cache_clear()
    answer = app.handler({"do": "continue"}, cast("Any", Context()))
    assert answer["outcome"] == "refused"
    assert "OKTA_" in answer["why"]
