"""How the bridge is, in one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.aws.secrets import Secrets
from bridge.errors import SettingsError, Transient, refuses_us
from bridge.operations import bridge_answers
from bridge.operations.holds import HoldService
from bridge.operations.reconciling import ReconcileService
from bridge.operations.switches import Switches
from bridge.provisioning.exceptions import standing
from bridge.provisioning.linking import not_linked
from bridge.provisioning.organisation import UPSTREAM
from bridge.provisioning.parking import people
from bridge.provisioning.ports import Clock
from bridge.provisioning.runs import Memory
from bridge.provisioning.schedule import is_overdue
from bridge.settings import Mode, OktaAuth, OktaSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_KEYS = ("hook_secret", "genesys_client_id", "genesys_client_secret")
_DEPTHS: dict[str, QueueAttributeNameType] = {
    "waiting": "ApproximateNumberOfMessages",
    "in_hand": "ApproximateNumberOfMessagesNotVisible",
    "later": "ApproximateNumberOfMessagesDelayed",
}


class StatusService:
    """Asks every part how it is."""

    def __init__(
        self,
        *,
        store: Memory,
        switches: Switches,
        reconcile: ReconcileService,
        holds: HoldService,
        sqs: SQSClient,
        queue_urls: Mapping[str, str],
        secrets: Secrets,
        okta: OktaSettings,
        mode: Mode,
        window: timedelta,
        oldest: Callable[[], timedelta | None],
        schedule: str,
        clock: Clock,
    ) -> None:
        """`queue_urls`: by queue, the dead letters' too; `window`: the ceilings'; `schedule`: of comparisons."""
        self._store = store
        self._switches = switches
        self._reconcile = reconcile
        self._holds = holds
        self._sqs = sqs
        self._queue_urls = queue_urls
        self._secrets = secrets
        of_okta = "okta_token" if okta.auth is OktaAuth.SSWS else "" if okta.client_id else "okta_client_id"
        self._keys = tuple(filter(None, (*_KEYS, of_okta)))
        self._mode = mode
        self._window = window
        self._oldest = oldest
        self._schedule = schedule
        self._clock = clock

    def status(self) -> bridge_answers.Status:
        """Answers ``status``."""
        app, cursor = self._store.app(), self._store.log_cursor()
        try:
            reading: Mapping[str, bool] | None = self._switches.reading()
        except Transient:
            reading = None
        return bridge_answers.Status(
            mode=self._mode.value,
            set_up=self._set_up(),
            bootstrapped=app.bootstrapped,
            reconciled=app.reconciled or None,
            app_status=app.status or None,
            paused_everything=None if reading is None else not any(reading.values()),
            paused_removals=app.removals_paused,
            paused_since=app.paused_since,
            stopped_since=None if reading is None or any(reading.values()) else app.stopped_since,
            restored=app.restored,
            held_until=app.restored and app.restored + self._window,
            queues={queue: self._depth(url, (reading or {}).get(queue)) for queue, url in self._queue_urls.items()},
            breakers=[self._breaker(upstream) for upstream in ("okta", "genesys", UPSTREAM)],
            holds_open=len(self._store.open_hold_entities()),
            releases=self._holds.under_way(),
            excepted={entity: len(users) for entity, users in standing(self._store).items()},
            parked=people(self._store.parked_items()),
            reconcile=self._reconcile.newest(),
            reconcile_overdue=is_overdue(self._store.run(), self._schedule, self._clock.now()),
            oldest=self._oldest_seconds(),
            not_linked=not_linked(self._store.groups()),
            caught_up=cursor.at if cursor is not None else None,
            hook=cursor.hook if cursor is not None else None,
        )

    def _oldest_seconds(self) -> int | None:
        try:
            oldest = self._oldest()
        except Transient:
            return None
        return None if oldest is None else round(oldest.total_seconds())

    def _breaker(self, upstream: str) -> bridge_answers.Breaker:
        record = self._store.breaker(upstream)
        return bridge_answers.Breaker(
            upstream=upstream,
            state="open" if record.open else "closed",
            since=record.since,
            why=record.why,
            refused=record.refused if record.open and not refuses_us(record.why) else "",
        )

    def missing_keys(self, secrets: Secrets) -> list[str]:
        """Keys of the secret without a value; SettingsError where it has none at all, Transient where it is unread."""
        return [key for key in self._keys if not secrets.find(key)]

    def depths(self) -> dict[str, bridge_answers.Depth]:
        """How full each queue is; Transient where SQS does not answer."""
        return {queue: self._depth(url, read=None) for queue, url in self._queue_urls.items()}

    def _set_up(self) -> bridge_answers.SetUp | None:
        try:
            missing = self.missing_keys(self._secrets)
        except SettingsError:
            missing = list(self._keys)
        except Transient:
            return None
        return bridge_answers.SetUp(done=not missing, missing=missing)

    def _depth(self, url: str, read: bool | None) -> bridge_answers.Depth:
        try:
            found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_DEPTHS.values()))["Attributes"]
        except (BotoCoreError, ClientError) as error:
            raise Transient("queues-unavailable", upstream="queues") from error
        return bridge_answers.Depth(read=read, **{name: int(found[attribute]) for name, attribute in _DEPTHS.items()})
