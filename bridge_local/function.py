"""``python -m bridge_local.function NAME``: one environment of a function, for those that are invoked by name.

Events come as JSON lines on standard input, with the alias they come through; each answer goes as one to the file
descriptor in ``BRIDGE_ANSWERS``, and what the function prints stays on standard output. Ends with standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any

from bridge_local.poller import LocalContext
from bridge_local.template import Template

ANSWERS = "BRIDGE_ANSWERS"


def main(name: str) -> int:
    """Answer events until there are no more."""
    properties = Template().function(name)
    descriptor = int(os.environ.pop(ANSWERS))
    seconds, memory = float(properties["Timeout"]), int(properties["MemorySize"])
    handler = importlib.import_module(f"{properties['CodeUri'].replace('/', '.')}.app").handler
    with os.fdopen(descriptor, "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            asked = json.loads(line)
            context = LocalContext(name, seconds, memory, qualifier=asked["qualifier"])
            answers.write(json.dumps(_answer(handler, asked["event"], context)) + "\n")
            answers.flush()
    return 0


def _answer(handler: Any, event: Any, context: LocalContext) -> dict[str, Any]:
    try:
        return {"payload": handler(event, context)}
    except Exception as error:  # noqa: BLE001 - whatever a function raises, Lambda answers so
        traceback.print_exc(file=sys.stdout)  # as Lambda does, into the function's log
        return {"error": True, "payload": {"errorMessage": str(error), "errorType": type(error).__name__}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
