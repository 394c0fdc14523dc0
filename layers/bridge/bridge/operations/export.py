"""What people decided, as one document; and what becomes of such a document here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bridge.operations import bridge_answers
from bridge.operations.bridge_answers import ImportStep
from bridge.operations.document import Decisions, Exceptions, GroupDecision, MapText
from bridge.provisioning.exceptions import standing
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, GroupState

_BY_HAND = {LINKED_BY_OPERATOR: "group.link", UNLINKED_BY_OPERATOR: "group.unlink"}


class ExportService:
    """Reads decisions, and compares them; the commands that take them one by one write."""

    def __init__(self, store: Store, map_text: Callable[[], tuple[str, str] | None]) -> None:
        """`map_text`: name and text of the attribute map's SSM parameter, None where there is none."""
        self._store = store
        self._map_text = map_text

    def export(self) -> bridge_answers.Exported:
        """Answers ``export``."""
        groups = [
            GroupDecision.model_validate(
                {
                    "entity": link.entity,
                    "linked_by": link.linked_by if link.linked_by in _BY_HAND else None,
                    "genesys_id": link.genesys_id,
                    "ceiling": link.ceiling,
                    "ceiling_percent": link.ceiling_percent,
                }
            )
            for link in sorted(self._store.groups(), key=lambda link: link.okta_id)
            if link.linked_by in _BY_HAND or link.ceiling is not None or link.ceiling_percent is not None
        ]
        exceptions = [
            Exceptions(entity=entity, users=sorted(users)) for entity, users in sorted(standing(self._store).items())
        ]
        return bridge_answers.Exported(decisions=Decisions(groups=groups, exceptions=exceptions, map=self._map()))

    def preview(self, decisions: Decisions) -> bridge_answers.ImportPreview:
        """Answers ``import.preview``."""
        links = {link.entity: link for link in self._store.groups()}
        steps = [step for wanted in decisions.groups for step in self._group(wanted, links.get(wanted.entity))]
        linking = {step.entity for step in steps if step.do == "group.link" and step.state == "to-do"}
        steps += [
            self._exceptions(wanted, links.get(wanted.entity), coming=wanted.entity in linking)
            for wanted in decisions.exceptions
        ]
        return bridge_answers.ImportPreview(steps=steps, map=self._compare_map(decisions.map))

    def _group(self, wanted: GroupDecision, link: GroupLink | None) -> Iterator[ImportStep]:
        if wanted.linked_by is not None:
            do = _BY_HAND[wanted.linked_by]
            same = link is not None and link.linked_by == wanted.linked_by
            why = self._cannot_link(wanted, link) if do == "group.link" else ""
            state = "cannot" if why else "done" if same else "to-do"
            yield ImportStep.model_validate({"do": do, "entity": wanted.entity, "state": state, "why": why})
        now = (link.ceiling, link.ceiling_percent) if link is not None else (None, None)
        then = (wanted.ceiling, wanted.ceiling_percent)
        if then != (None, None):
            yield ImportStep(
                do="group.ceiling",
                entity=wanted.entity,
                state="done" if now == then else "to-do",
                ceiling=wanted.ceiling,
                ceiling_percent=wanted.ceiling_percent,
            )

    def _cannot_link(self, wanted: GroupDecision, link: GroupLink | None) -> str:
        """A link by hand is made by the equal name; here it would become another one than it was."""
        if not wanted.genesys_id:
            return ""
        if link is not None and link.genesys_id and link.genesys_id != wanted.genesys_id:
            return f"linked here with {link.genesys_id}, not {wanted.genesys_id}: unlink it first, or leave it so"
        owner = self._store.owners([wanted.genesys_id]).get(wanted.genesys_id, wanted.entity)
        return "" if owner == wanted.entity else f"{wanted.genesys_id} is linked with {owner} here"

    def _exceptions(self, wanted: Exceptions, link: GroupLink | None, *, coming: bool) -> ImportStep:
        missing = sorted(set(wanted.users) - self._store.exceptions(wanted.entity))
        linked = wanted.entity == "app" or (link is not None and link.state is GroupState.LINKED)
        why = ""
        if missing and not linked:
            when = "import again once a sync has made the link" if coming else "it keeps nobody"
            why = f"the group is not linked here: {when}"
        state = "cannot" if why else "to-do" if missing else "done"
        return ImportStep.model_validate(
            {"do": "keep", "entity": wanted.entity, "state": state, "why": why, "users": missing}
        )

    def _map(self) -> MapText | None:
        found = self._map_text()
        return None if found is None else MapText(parameter=found[0], text=found[1])

    def _compare_map(self, wanted: MapText | None) -> bridge_answers.ImportMap:
        if wanted is None:
            return bridge_answers.ImportMap(state="none")
        here = self._map()
        if here is not None and here.text == wanted.text:
            return bridge_answers.ImportMap(state="same", parameter=here.parameter)
        return bridge_answers.ImportMap(state="differs", parameter=here.parameter if here else "")
