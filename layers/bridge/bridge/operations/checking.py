"""Whether the bridge is set up well, as far as its own credentials see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.aws.secrets import Secrets
from bridge.aws.soundings import Soundings
from bridge.errors import SettingsError, Transient
from bridge.operations import bridge_answers
from bridge.operations.check_genesys import GenesysChecks, GroupChecks
from bridge.operations.check_okta import OktaChecks
from bridge.operations.checklist import CHECKS, Sheet
from bridge.operations.requests import Check
from bridge.operations.settings import OperationsSettings
from bridge.operations.switches import Switches
from bridge.provisioning.record_ports import Store
from bridge.settings import OktaAuth

if TYPE_CHECKING:
    from bridge.operations.status import StatusService

_OF_SIDES = ("okta.", "app.", "hook.", "genesys.", "groups.")
_SECRET = ("secret.hook", "secret.okta", "secret.genesys")


class CheckService:
    """Asks both sides and AWS; nothing is changed."""

    def __init__(
        self,
        settings: OperationsSettings,
        *,
        soundings: Callable[[], Soundings],
        secrets: Callable[[], Secrets],
        store: Store,
        switches: Switches,
        status: StatusService,
        linked_names: Callable[[], Sequence[str]],
        map_refused: Callable[[], str],
    ) -> None:
        """`soundings` and `secrets` make new ones for each run: no token and no value is older than the run.

        `map_refused` says why the newest attribute map is not in force.
        """
        self._settings = settings
        self._soundings = soundings
        self._secrets = secrets
        self._store = store
        self._switches = switches
        self._status = status
        self._linked_names = linked_names
        self._map_refused = map_refused

    def check(self, asked: Check) -> bridge_answers.Checked:
        """Answers ``check``."""
        settings, sheet, soundings = self._settings, Sheet(), self._soundings()
        sheet.ok("bridge.settings", f"mode {settings.provisioning.mode.value}")
        if wrong := self._map_refused():
            sheet.fail(
                "bridge.map", f"{wrong}; the last good one is in force", "`bridge map revert`, or `bridge map apply`."
            )
        else:
            sheet.ok("bridge.map", settings.mapping.source or "the one that comes with the bridge")
        self._secret(sheet)
        self._table(sheet)
        self._queues(sheet)
        if sheet.holds("aws.tables"):
            self._sides(sheet, soundings, asked.hook_url)
        else:  # the budget of every call is in the table
            rest = (each for each in CHECKS if each.startswith(_OF_SIDES) and each != "hook.receiver")
            sheet.skip(rest, "aws.tables")
        return bridge_answers.Checked(checks=sheet.checks(), version=__version__, at=soundings.now())

    def _sides(self, sheet: Sheet, soundings: Soundings, hook_url: str) -> None:
        """What Okta and Genesys Cloud show."""
        settings = self._settings
        okta = OktaChecks(soundings, sheet, oauth=settings.okta.auth is OktaAuth.OAUTH)
        okta.run(hook_url)
        GenesysChecks(soundings, sheet, settings.genesys.region, settings.mapping.allowed_roles).run()
        assigned = settings.provisioning.link_assigned_groups
        GroupChecks(soundings, sheet, self._store, self._linked_names, assigned=assigned).run(okta.unread)

    def settings(self) -> bridge_answers.SettingsShown:
        """Answers ``settings``."""
        okta = self._settings.okta
        return bridge_answers.SettingsShown(
            mode=self._settings.provisioning.mode.value,
            okta_org_url=okta.org_url,
            okta_app_id=okta.app_id,
            okta_auth=okta.auth.value,
            okta_client_id=okta.client_id,
            signing_key=okta.kms_key_id,
            genesys_region=self._settings.genesys.region,
            map=self._settings.mapping.source,
        )

    def _secret(self, sheet: Sheet) -> None:
        okta = self._settings.okta
        try:
            missing = set(self._status.missing_keys(self._secrets()))
        except SettingsError as wrong:
            sheet.fail("secret.value", str(wrong), "`bridge setup` fills it.")
            sheet.skip(_SECRET, "secret.value")
            return
        except Transient as error:
            sheet.unknown("secret.value", f"it cannot be read: {error.reason}", "Try again in a minute.")
            sheet.skip(_SECRET, "secret.value")
            return
        names = {
            "secret.hook": ("hook_secret",),
            "secret.okta": ("okta_token",) if okta.auth is OktaAuth.SSWS else ("okta_client_id",),
            "secret.genesys": ("genesys_client_id", "genesys_client_secret"),
        }
        if missing >= {key for keys in names.values() for key in keys} - {"okta_client_id" if okta.client_id else ""}:
            sheet.fail("secret.value", "it has none of the bridge's values", "`bridge setup` fills it.")
            sheet.skip(_SECRET, "secret.value")
            return
        sheet.ok("secret.value", "it can be read")
        for check, keys in names.items():
            lacks = [key for key in keys if key in missing]
            if lacks:
                sheet.fail(check, f"it has no {' and no '.join(lacks)}", "`bridge setup` fills it.")
            else:
                sheet.ok(check, "there")

    def _queues(self, sheet: Sheet) -> None:
        try:
            depths = self._status.depths()
            paused = [queue for queue, reads in self._switches.reading().items() if not reads]
            dead = depths["dead-letters"].waiting
            said = [f"{', '.join(paused)} not read"] * bool(paused) + [f"{dead} dead letters"] * bool(dead)
            do = (
                "`bridge resume everything`"
                if paused
                else "docs/runbook.md, Dead letters, says how they are read and brought back."
                if dead
                else ""
            )
            sheet.ok("aws.queues", "; ".join(said) or "they answer and are read", do)
        except Transient as error:
            sheet.fail("aws.queues", f"no answer: {error.reason} {error.detail}".strip(), "Look at the stack's queues.")

    def _table(self, sheet: Sheet) -> None:
        try:
            self._store.app()
            sheet.ok("aws.tables", "it answers")
        except Transient as error:
            sheet.fail("aws.tables", f"no answer: {error.reason} {error.detail}".strip(), "Look at the stack's table.")
