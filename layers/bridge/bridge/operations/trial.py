"""A preview whose failure is an answer too: what a sync would do, or the reason code that stops it."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.aws.telemetry import logger
from bridge.errors import BridgeError, Permanent, SettingsError, Transient
from bridge.operations.preview import Preview
from bridge.operations.reasons import ReasonText, text_of
from bridge.provisioning.records import JournalEntry


@dataclass(frozen=True)
class Trial:
    """What came of a preview.

    Attributes:
        entry: the journal entry of the sync as it would be, None when something stops it.
        enqueues: the entities that it would enqueue.
        code: the reason code of either, empty when the outcome says all.
        detail: what the code is about: ids, or names of attributes.
        error: what stops it, None when nothing does.
    """

    entry: JournalEntry | None
    enqueues: tuple[str, ...]
    code: str
    detail: str = ""
    error: Exception | None = None

    @property
    def text(self) -> ReasonText:
        """The words for the code."""
        return text_of(self.code)

    @property
    def outcome(self) -> str:
        """The entry's outcome; ``parked`` or ``waits`` for a sync that is stopped."""
        if self.entry is not None:
            return self.entry.outcome
        return "parked" if isinstance(self.error, Permanent) else "waits"

    @property
    def concerns_all(self) -> bool:
        """Whether what stops it stops every other sync likewise."""
        return self.error is not None and self.text.affects == "all"


def attempt(preview: Preview, entity: str) -> Trial:
    """Try a sync; never raises."""
    try:
        entry, enqueues = preview.sync(entity)
    except (Transient, Permanent) as error:
        return Trial(None, (), error.reason, error.detail, error)
    except SettingsError as error:
        return Trial(None, (), "not-set-up", str(error), error)
    except (BridgeError, Exception) as error:  # noqa: BLE001 - people ask why; its text may hold anything, so its type alone is told
        logger.error("a preview failed", extra={"entity": entity, "why": type(error).__name__})
        return Trial(None, (), "unexpected", type(error).__name__, error)
    return Trial(entry, tuple(enqueues), entry.why)
