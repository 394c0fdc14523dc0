"""The breaker of an upstream: while Okta or Genesys Cloud fails as a whole, items wait without calling it.

Powertools' circuit breaker does not fit: it counts calls in a row, not entities, its probe is the protected call, so an
item, and it reads the machine's own clock, so no simulation can drive it.

Syncs open it (`calls` tells when), and one neutral read at a time closes it. The state is one record for each
upstream in the state table. That record is an aid: where it cannot be read or written, work goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import AuthFailure, BreakerOpen, BridgeError, Transient, refuses_us
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import BreakerRecords
from bridge.provisioning.records import Breaker, RefusalLog

#: Below the logger of `bridge.aws.telemetry`, which gives its lines their form; metrics are counted by the caller.
logger = logging.getLogger("okta-genesys-bridge.breaker")
#: Seconds from the opening to the first probe; each probe that fails doubles the wait, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 30, 300
#: A prober that has not answered by then is dead, and the next one may probe. Leavers never wait longer for a probe.
LEASE = 45
#: A breaker that opens again so soon after it closed flaps: its waits go on growing where they were.
FLAPPING = timedelta(minutes=10)
#: So long a process trusts what it has read.
_FRESH = timedelta(seconds=5)
#: The upstream whose refusals are counted, and how often a change of them is tried where others write too.
_REFUSING, _CHANGE_TRIES = "genesys", 3


class Breakers:
    """The breakers of the upstreams that somebody calls.

    Anyone who calls upstreams asks `check` before; anyone who sees an upstream fail as a whole says so to `open`.
    """

    def __init__(
        self,
        records: BreakerRecords,
        clock: Clock,
        probes: Mapping[str, Callable[[], object]],
        *,
        urgent: bool = False,
    ) -> None:
        """Nothing is called yet.

        Args:
            records: where the state is shared.
            clock: our time.
            probes: by upstream, a neutral read that raises as every call does.
            urgent: whether to probe without regard to grown waits: for leavers.
        """
        self._records = records
        self._clock = clock
        self._probes = probes
        self._urgent = urgent
        self._known: dict[str, tuple[datetime, Breaker]] = {}

    def check(self) -> None:
        """Pass when every upstream may be called; the first to come after the wait probes.

        Raises:
            BreakerOpen: one may not be; `retry_after` is the time to the next probe. Its cause is that of a probe which
                has just failed.
        """
        for breaker in self._recent():
            if breaker.open:
                self._try_to_close(breaker)

    def open(self, upstream: str, why: str) -> None:
        """The upstream fails as a whole, for the reason `why`: nobody calls it before a probe has passed."""
        breaker, now = self._read([upstream])[upstream], self._clock.now()
        if breaker.open:
            return
        flaps = breaker.since is not None and now - breaker.since < FLAPPING
        wait = _longer(breaker.wait) if flaps and breaker.wait else FIRST_WAIT
        opened = replace(breaker, open=True, why=why, since=now, tried=now, wait=wait)
        self._save(replace(opened, refused=_refused(opened)))
        logger.error("breaker opened", extra={"upstream": upstream, "why": why, "wait": wait})

    def refusals(self) -> RefusalLog:
        """What Genesys Cloud has refused, as it was last read or written."""
        return self._refusals(_REFUSING)

    def change_refusals(self, change: Callable[[RefusalLog], RefusalLog]) -> None:
        """Read what has been refused and write it changed; where that is not possible, this process alone knows it."""
        for _ in range(_CHANGE_TRIES):
            breaker = self._read([_REFUSING])[_REFUSING]
            changed = replace(breaker, refusals=change(breaker.refusals))
            if changed == breaker or self._save(changed):
                return
        self._known[_REFUSING] = self._clock.now(), changed

    def _try_to_close(self, breaker: Breaker) -> None:
        now = self._clock.now()
        left = self._seconds_to_probe(breaker, now)
        if left > 0:
            raise self._waiting(breaker, left)
        # The lease is a try that has just been made: nobody else probes before it ends, whatever becomes of us.
        if not self._save(replace(breaker, tried=now, wait=LEASE)):
            raise self._waiting(breaker, LEASE)
        leased = self._known[breaker.upstream][1]
        failure = self._probe(breaker.upstream)
        if failure is not None:
            why, wait = _reason(failure), _longer(breaker.wait)
            failed = replace(leased, why=why, wait=wait)
            self._save(replace(failed, refused=_refused(failed)))
            raise self._waiting(breaker, wait) from failure
        self._save(replace(leased, open=False, since=self._clock.now(), wait=breaker.wait, refused=""))
        logger.info("breaker closed", extra={"upstream": breaker.upstream})

    def _probe(self, upstream: str) -> Exception | None:
        """Why the upstream may still not be called, None when it answers like one that lives."""
        try:
            self._probes[upstream]()
        except BridgeError as error:
            if getattr(error, "status", None) is not None and not outage_upstream(error):
                return None  # such as 429: busy, but there
            logger.warning("breaker stays open", extra={"upstream": upstream, "why": _reason(error)})
            return error
        except Exception as error:  # whatever it is, it is no sign of life; its trace is logged
            logger.exception("a probe failed unexpectedly", extra={"upstream": upstream})
            return error
        return None

    def _seconds_to_probe(self, breaker: Breaker, now: datetime) -> float:
        if breaker.tried is None:
            return 0.0
        wait = min(breaker.wait, LEASE) if self._urgent else breaker.wait
        # A clock of another environment may run ahead: no longer than the wait itself.
        return min(float(wait), wait - (now - breaker.tried).total_seconds())

    @staticmethod
    def _waiting(breaker: Breaker, seconds: float) -> BreakerOpen:
        return BreakerOpen(
            f"{breaker.upstream}-breaker-open", detail=breaker.why, retry_after=seconds, upstream=breaker.upstream
        )

    # ------------------------------------------------------------------------------------------ record

    def _recent(self) -> list[Breaker]:
        """All records as they were some seconds ago; what is older is read, by one request."""
        now = self._clock.now()
        fresh = {upstream for upstream, (at, _) in self._known.items() if timedelta() <= now - at < _FRESH}
        if old := [upstream for upstream in self._probes if upstream not in fresh]:
            self._read(old)
        return [self._known[upstream][1] for upstream in self._probes]

    def _read(self, upstreams: Collection[str]) -> dict[str, Breaker]:
        """Records by upstream; those of closed breakers where they cannot be read."""
        try:
            breakers = self._records.breakers_of(upstreams)
        except Exception as unread:  # noqa: BLE001 - whatever it is: work goes on
            logger.warning("breaker not read", extra={"upstream": ",".join(upstreams), "why": _reason(unread)})
            breakers = {upstream: Breaker(upstream, refusals=self._refusals(upstream)) for upstream in upstreams}
        now = self._clock.now()
        self._known |= {upstream: (now, breaker) for upstream, breaker in breakers.items()}
        return breakers

    def _refusals(self, upstream: str) -> RefusalLog:
        known = self._known.get(upstream)
        return known[1].refusals if known is not None else RefusalLog()

    def _save(self, breaker: Breaker) -> bool:
        """False when somebody else's newer record stands; where none can be written, this process goes on alone."""
        try:
            saved = self._records.save_breaker(breaker)
        except Exception as unwritten:  # noqa: BLE001 - whatever it is: work goes on
            logger.warning("breaker not written", extra={"upstream": breaker.upstream, "why": _reason(unwritten)})
            saved = True
        if saved:
            self._known[breaker.upstream] = self._clock.now(), replace(breaker, version=breaker.version + 1)
        else:
            self._known.pop(breaker.upstream, None)
        return saved


def outage_upstream(error: Exception) -> str:
    """The upstream that seems to fail as a whole, empty when the failure says no such thing.

    Connection errors, timeouts, 502 to 504, no token, and refused credentials or roles say so, the latter no matter
    whether the upstream itself or something before it refuses.
    """
    if not isinstance(error, Transient) or error.upstream not in {"okta", "genesys"}:
        return ""
    gone = error.reason in {f"{error.upstream}-connection", f"{error.upstream}-timeout"}
    no_entry = error.reason.startswith(f"{error.upstream}-token-") or error.status in {401, 403}
    whole = gone or no_entry or isinstance(error, AuthFailure) or error.status in {502, 503, 504}
    return error.upstream if whole else ""


def _refused(breaker: Breaker) -> str:
    """What has refused our credentials last: this failure, or one before it."""
    return breaker.why if refuses_us(breaker.why) else breaker.refused


def _longer(wait: int) -> int:
    return min(LONGEST_WAIT, max(FIRST_WAIT, wait * 2))


def _reason(error: Exception) -> str:
    """The reason code; of an unknown error only its type, for its text may hold anything."""
    return str(getattr(error, "reason", type(error).__name__))
