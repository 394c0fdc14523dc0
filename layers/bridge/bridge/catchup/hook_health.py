"""Whether Okta's event hook works, as far as Okta says so: each trouble is a metric of its own.

A hook that is silent although Okta says that all is well is found by two metrics together: `HookEventsLogged`, what
the System Log shows and a hook should have delivered, and the receiver's `EventsAccepted`. Syncs would be no sign of
deliveries: in an outage items wait for hours. See ``docs/catchup.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bridge.aws.telemetry import Metric, count, logger
from bridge.errors import Permanent, Transient
from bridge.okta.events import HOOK_TYPES
from bridge.okta.log import CAP_WARNINGS, FAILED_DELIVERY, NATIVE_PROVISIONING, EventHook, EventHooks

_HOOK_TARGET = "EventHook"


class HookHealth:
    """Watches our hook."""

    def __init__(self, hooks: EventHooks, app_id: str, hook_url: str) -> None:
        """Ours are the hooks that deliver to `hook_url`."""
        self._hooks = hooks
        self._app_id = app_id
        self._hook_url = hook_url.rstrip("/")
        self._ours: frozenset[str] = frozenset()

    def check(self, *, in_service: bool) -> str | None:
        """Ask Okta for the hook's state; that it cannot be read is a metric too, and stops nothing.

        Args:
            in_service: whether the bridge works already; until then nothing is counted, for the hook comes last.

        Returns:
            What is wrong: ``not-active``, ``unverified`` or ``types-missing``; empty for nothing, None for not known.

        Raises:
            SettingsError: the bridge is not set up.
        """
        try:
            hooks = self._hooks.all()
        except (Transient, Permanent) as error:
            count(Metric.HOOK_UNKNOWN, int(in_service))
            logger.warning("the event hooks cannot be read", extra={"why": error.reason, "detail": error.detail})
            return None
        ours = [hook for hook in hooks if hook.uri.rstrip("/") == self._hook_url]
        self._ours = frozenset(hook.id for hook in ours)
        return self._judge(ours) if in_service else None

    def count_events(self, events: Iterable[Any]) -> None:
        """Count what a page of the System Log says about the hook, and about native provisioning on our app."""
        failed = warnings = native = 0
        for event in events:
            event_type = event.get("eventType") if isinstance(event, Mapping) else None
            if not isinstance(event_type, str):
                continue
            failed += event_type == FAILED_DELIVERY and self._is_ours(event)
            warnings += event_type in CAP_WARNINGS and _is_of_deliveries(event)
            native += event_type.startswith(NATIVE_PROVISIONING) and self._app_id in _ids(event, "AppInstance")
        count(Metric.HOOK_DELIVERIES_FAILED, failed)
        count(Metric.HOOK_CAP_WARNINGS, warnings)
        count(Metric.NATIVE_PROVISIONING, native)

    def _judge(self, ours: list[EventHook]) -> str:
        working = [hook for hook in ours if hook.active and hook.verified]
        if not any(hook.active for hook in ours):
            count(Metric.HOOK_NOT_ACTIVE)
            logger.warning("no active event hook delivers to this stack", extra={"hooks": sorted(self._ours)})
            return "not-active"
        if not working:
            count(Metric.HOOK_NOT_VERIFIED)
            logger.warning("the event hook is not verified: Okta delivers nothing", extra={"hooks": sorted(self._ours)})
            return "unverified"
        missing = HOOK_TYPES.difference(*(hook.types for hook in working))
        count(Metric.HOOK_TYPES_MISSING, len(missing))
        if missing:
            logger.warning("the event hook misses event types", extra={"types": sorted(missing)})
        return "types-missing" if missing else ""

    def _is_ours(self, event: Mapping[str, Any]) -> bool:
        """Whether a failed delivery was ours; Okta documents no target for it, so one that names no hook counts."""
        named = set(_ids(event, _HOOK_TARGET))
        return not named or not self._ours or bool(named & self._ours)


def _ids(event: Mapping[str, Any], kind: str) -> Iterator[str]:
    targets = event.get("target")
    for target in targets if isinstance(targets, list) else ():
        if isinstance(target, Mapping) and target.get("type") == kind:
            yield str(target.get("id"))


def _is_of_deliveries(event: Mapping[str, Any]) -> bool:
    """Whether a warning is about hook deliveries; Okta's documents spell the key in two ways, so any key counts."""
    return "event_hook_delivery" in json.dumps(event.get("debugContext"))
