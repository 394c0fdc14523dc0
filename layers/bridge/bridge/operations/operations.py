"""The operations function as an object: one request in, one answer out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.aws.telemetry import logger
from bridge.items import Reason, make_item
from bridge.operations import answers, doings, log_requests, match_requests, requests, showing, widget
from bridge.operations.answers import Answer, Refused
from bridge.operations.because import BecauseService
from bridge.operations.checking import CheckService
from bridge.operations.compare import Comparison
from bridge.operations.edge import answered
from bridge.operations.explain import Explanation
from bridge.operations.export import ExportService
from bridge.operations.group_links import GroupService
from bridge.operations.holds import HoldService
from bridge.operations.lost_roles import LostRolesService
from bridge.operations.maps import MapService
from bridge.operations.matching import MatchService
from bridge.operations.naming import NamingService
from bridge.operations.organisation import OrganisationService
from bridge.operations.parking import ParkedService
from bridge.operations.preview import Preview
from bridge.operations.reconciling import ReconcileService
from bridge.operations.status import StatusService
from bridge.operations.switches import Switches
from bridge.operations.trial import attempt
from bridge.operations.user_links import UserLinkService
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Store


@dataclass(frozen=True)
class Operations:
    """Everything an operator can ask."""

    store: Store
    queues: QueueSender
    holds: HoldService
    parked: ParkedService
    groups: GroupService
    switches: Switches
    organisation: OrganisationService
    status: StatusService
    checks: CheckService
    maps: MapService
    naming: NamingService
    matching: MatchService
    causes: BecauseService
    users: UserLinkService
    lost_roles: LostRolesService
    reconcile: ReconcileService
    preview: Preview
    explanation: Explanation
    comparison: Comparison
    exports: ExportService
    doings: doings.LogService
    board: widget.HoldWidget
    refresh: Callable[[], None] = lambda: None
    dedup_key: Callable[[], str] = lambda: secrets.token_hex(16)

    def handle(self, event: Any, *, reader: bool = False, names: bool = False, arn: str = "") -> dict[str, Any] | str:
        """The answer to an invocation; text for the dashboard's widget, which asks `arn` again.

        A `reader` may only ask what reads, and with `names` also what is answered with names.
        """
        if widget.is_widget(event):
            self.refresh()
            return self.board.page(event, arn, names=names)
        return answered(lambda: self._answer(event, reader, names))

    def _answer(self, event: Any, reader: bool, names: bool) -> Answer:
        asked = requests.parse_operation(event)
        self.refresh()
        if reader and not (asked.reads or (names and asked.names)):
            raise Refused("readers-may-not", f"{asked.do}: asked through the readers' alias; it is for operators")
        answer = self._dispatch(asked)
        if not asked.reads:
            logger.info("asked", extra={"do": asked.do, "entity": getattr(asked, "entity", "")})
        return answer

    def _dispatch(self, asked: requests.Operation) -> Answer:
        match asked:
            case requests.HoldsList():
                return self.holds.listed(asked)
            case requests.HoldsShow():
                return self.holds.show(asked)
            case requests.Remind():
                return self.holds.remind()
            case requests.Sync():
                return self._sync(asked)
            case requests.Explain():
                return self.explanation.explain(asked)
            case requests.Journal():
                return self._journal(asked)
            case log_requests.Log():
                return self.doings.log(asked)
            case requests.Diff():
                return self.comparison.compare(asked.entity) if asked.entity else self._differences(asked)
            case requests.GroupLink():
                return self.groups.link(asked)
            case requests.GroupCeiling():
                return self.groups.ceiling(asked)
            case requests.Pause():
                return self.switches.set(asked)
            case requests.ConfirmOrganisation():
                return self.organisation.confirm()
            case requests.Status():
                return self.status.status()
            case requests.Check():
                return self.checks.check(asked)
            case requests.Settings():
                return self.checks.settings()
            case requests.Find():
                return self.naming.find(asked)
            case match_requests.GroupImport():
                return self.naming.pushed(asked)
            case match_requests.Because():
                return self.causes.because(asked)
            case match_requests.NamesOf():
                return self.naming.called(asked)
            case match_requests.Match():
                return self.matching.part(asked)
            case match_requests.UserChange():
                return self.users.change(asked)
            case match_requests.RolesDiscard():
                return self.lost_roles.discard(asked)
            case match_requests.MatchLink():
                return self.matching.link(asked)
            case requests.GroupList():
                return self.naming.groups(asked)
            case requests.MapTry():
                return self.maps.attempt(asked)
            case requests.MapDiff():
                return self.maps.differences(asked)
            case requests.ParkedList():
                return self.parked.listed(asked)
            case requests.ParkedShow():
                return self.parked.show(asked.entity)
            case requests.ParkedRedrive():
                return self.parked.redrive(asked.entity)
            case requests.ParkedDiscard():
                return self.parked.discard(asked)
            case requests.ReconcileStart():
                return self.reconcile.start()
            case requests.ReconcileStatus():
                return self.reconcile.status()
            case requests.Export():
                return self.exports.export()
            case requests.ImportPreview():
                return self.exports.preview(asked.decisions)

    def _sync(self, asked: requests.Sync) -> answers.Synced:
        if asked.apply:
            item = make_item(asked.entity, Reason.OPERATOR, self.dedup_key())
            self.queues.send([item])
            return answers.Synced(entity=asked.entity, applied=True, item=item.id)
        trial = attempt(self.preview, asked.entity)
        if trial.error is not None and trial.concerns_all:
            raise trial.error
        return answers.Synced(entity=asked.entity, applied=False, planned=showing.planned(trial))

    def _journal(self, asked: requests.Journal) -> answers.Journalled:
        return answers.Journalled(
            entity=asked.entity,
            journal=[showing.entry(entry) for entry in self.store.entries(asked.entity, asked.limit)],
            parked=[showing.parked(item) for item in self.store.parked_items(asked.entity)],
        )

    def _differences(self, asked: requests.Diff) -> answers.Differences:
        found = sorted(
            (entry for entry in self.store.differences() if entry.entity > asked.after), key=lambda entry: entry.entity
        )
        page = found[: asked.limit]
        return answers.Differences(
            differences=[showing.difference(entry) for entry in page],
            next=page[-1].entity if len(found) > len(page) else None,
        )
