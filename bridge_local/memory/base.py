"""What the parts of the memory share."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock


@dataclass
class Guarded:
    """Records in dictionaries, safe for threads."""

    _lock: RLock = field(default_factory=RLock, repr=False, kw_only=True)
