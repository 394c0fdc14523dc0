"""The ``bridge`` command: what people ask of a running bridge, deployed or local."""

import sys
from pathlib import Path

#: The project's directory.
ROOT = Path(__file__).resolve().parent.parent

# The contract with the functions is in our layer.
_LAYER = str(ROOT / "layers" / "bridge")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
