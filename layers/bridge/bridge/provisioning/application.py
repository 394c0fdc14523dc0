"""A sync of the Okta application: never a removal by itself, but it wakes anyone who waits for it."""

from __future__ import annotations

from bridge.items import Hint, Item, Reason, make_item
from bridge.provisioning.assignments import Assignments
from bridge.provisioning.deactivations import Deactivations
from bridge.provisioning.linking import Linking
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupState
from bridge.provisioning.sync import Report, Work, fenced


class AppSync:
    """Syncs of the application."""

    def __init__(
        self,
        *,
        store: Store,
        queues: QueueSender,
        assignments: Assignments,
        deactivations: Deactivations,
        linking: Linking,
    ) -> None:
        """Everything it needs, as ports."""
        self._deactivations = deactivations
        self._store = store
        self._queues = queues
        self._assignments = assignments
        self._linking = linking

    def sync(self, work: Work) -> Report:
        """Note the application's status, forget what was known of assignments, enqueue what depends on either.

        An item that only asks for the ceiling, or for a hold, says nothing new about assignments.
        """
        return fenced(self._attempt, work)

    def _attempt(self, work: Work) -> Report:
        app = self._store.begin_app_sync()
        forgets = bool(work.reasons - {Reason.FOLLOW_UP, Reason.HOLD})
        if forgets:
            app = self._store.raise_epoch()
        read = self._assignments.read_app(app)
        status = read.value or ""
        report = Report(date=read.date, read={"app": status}, none_parked=app.none_is_parked)
        dedup_key = f"{app.epoch}:{app.sync_number}"
        items = self._groups_whose_link_may_change(app.epoch, dedup_key)
        due = self._store.due() if status == "ACTIVE" else []
        items += [make_item(f"user:{okta_id}", Reason.FOLLOW_UP, dedup_key) for okta_id in due]
        self._queues.send(items)
        self._store.remove_due(due)
        report.finish("refreshed", work.items[0].reason.value)
        judging = app.judging_due or self._deactivations.due(work)
        if judging and status != "ACTIVE":
            self._store.note_judging(due=True)  # anyone who asked waits for the application's return
            self._store.drop_listing()  # what its pages showed may be of a time when it was switched off
        elif judging:
            self._deactivations.judge(work, app, report)
            if app.judging_due:
                self._store.note_judging(due=False)
        if Hint.MAPPING in work.hints:
            self._store.note_reconciled("")  # the reconciler's next tick begins a whole comparison
        if forgets:
            self._store.note_app_synced(read.date)
        return report

    def _groups_whose_link_may_change(self, epoch: int, dedup_key: str) -> list[Item]:
        """Assigned groups without a link, and links made by an assignment that is no longer there."""
        assigned = self._linking.assigned(epoch)
        links = {link.okta_id: link for link in self._store.groups()}
        linked = {okta_id for okta_id, link in links.items() if link.state is GroupState.LINKED}
        by_assignment = {okta_id for okta_id in linked if links[okta_id].linked_by == "assigned"}
        changed = (assigned - linked) | (by_assignment - assigned)
        return [make_item(f"group:{okta_id}", Reason.FOLLOW_UP, f"app:{dedup_key}") for okta_id in sorted(changed)]
