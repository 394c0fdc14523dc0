"""How a scenario is run: the real handlers without the wire, without logs and without metrics."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from unittest.mock import patch

from bridge.aws import telemetry, upstreams
from tests.simulation.services import DirectHttp


@contextlib.contextmanager
def lean() -> Iterator[None]:
    """While this lasts, clients speak to the models directly; from here on the process writes no log."""
    telemetry.logger.setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as patched:
        patched.enter_context(patch.object(upstreams, "HttpClient", DirectHttp))
        patched.enter_context(patch.object(telemetry, "_emit", lambda *_: None))
        yield
