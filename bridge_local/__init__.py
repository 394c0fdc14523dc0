"""The embedded stack: the bridge's real functions on this machine, without an AWS account and without Docker."""

import sys
from pathlib import Path

#: The project's directory.
ROOT = Path(__file__).resolve().parent.parent

# What Lambda does with a layer: its packages are importable.
_LAYER = str(ROOT / "layers" / "bridge")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
