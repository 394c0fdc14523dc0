"""One user's link, mended by a person: previewed as the next sync would take it, then written under the user's fence.

Nobody is deactivated: an account that is unlinked stays as it is, but for the user's id, which is taken back where the
bridge had written it. Two accounts cannot bear it, and the next search would find the wrong one again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from bridge.aws.telemetry import logger
from bridge.errors import FenceMoved, OwnerTaken, Transient
from bridge.items import Reason, make_item
from bridge.operations import showing
from bridge.operations.answers import Planned, Refused
from bridge.operations.match_answers import Held, UserChanged
from bridge.operations.match_requests import UserChange
from bridge.operations.preview import Preview
from bridge.operations.trial import attempt
from bridge.provisioning import scim
from bridge.provisioning.adopting import adopted_blindly, released
from bridge.provisioning.matching import OKTA_USER_ID
from bridge.provisioning.ports import Clock, GenesysScim, OktaReader, QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry
from bridge.provisioning.sync import FENCE_ATTEMPTS
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.values import OktaUser
from bridge.settings import Mode


class PretendedLink:
    """The store as it would be with another link of one user; everything else is the store's own."""

    def __init__(self, store: Store, link: UserLink) -> None:
        """`link` stands in the place of what `store` has of its user."""
        self._store = store
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def user(self, okta_id: str) -> UserLink | None:
        """The record."""
        return self._link if okta_id == self._link.okta_id else self._store.user(okta_id)

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        """The records."""
        wanted = list(okta_ids)
        pretended = {self._link.okta_id: self._link} if self._link.okta_id in wanted else {}
        return self._store.users(wanted) | pretended

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        """Who owns them: the user nothing but the account of the pretended link."""
        wanted = list(genesys_ids)
        others = {key: entity for key, entity in self._store.owners(wanted).items() if entity != self._link.entity}
        return others | {key: self._link.entity for key in wanted if key == self._link.genesys_id}


class UserLinkService:
    """Links and unlinks one user."""

    def __init__(
        self,
        okta: OktaReader,
        genesys: GenesysScim,
        store: Store,
        queues: QueueSender,
        clock: Clock,
        preview_over: Callable[[Store], Preview],
        *,
        mode: Mode,
        dedup_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """`preview_over` tries syncs over other records; in observe `mode` no call writes."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._queues = queues
        self._clock = clock
        self._preview_over = preview_over
        self._mode = mode
        self._dedup_key = dedup_key

    def change(self, asked: UserChange) -> UserChanged:
        """Answers ``user.link`` and ``user.unlink``.

        Raises:
            Refused: the user or the account is not there, or the account is somebody else's.
            Transient, Permanent: as the clients; nothing was written.
        """
        links = asked.do == "user.link"
        if links == (asked.account is None):
            raise Refused(
                "invalid-request", f"account: expected {'an id' if links else 'none for user.unlink'}", field="account"
            )
        okta_id, account = asked.entity.removeprefix("user:"), asked.account or ""
        link = self._store.user(okta_id) or UserLink(okta_id)
        user = self._okta.user(okta_id).value
        before = self._held(link.genesys_id, user) if link.genesys_id else None
        after = self._held(account, user) if account else None
        self._check(link, user, after)
        wanted = self._changed(link, account)
        if not asked.apply:
            return self._answer(asked, before, after, planned=self._planned(wanted))
        self._write(okta_id, account, before)
        logger.info("a person changed a link", extra={"entity": asked.entity, "do": asked.do, "account": account})
        item = make_item(asked.entity, Reason.OPERATOR, self._dedup_key()) if links else None
        if item is not None:
            self._queues.send([item])
        return self._answer(asked, before, after, item=None if item is None else item.id)

    @staticmethod
    def _changed(link: UserLink, account: str) -> UserLink:
        return adopted_blindly(link, account) if account else released(link)

    def _held(self, genesys_id: str, person: OktaUser | None) -> Held:
        user = self._genesys.user(genesys_id)
        owner = self._store.owners([genesys_id]).get(genesys_id, "")
        if user is None:
            return Held(account=genesys_id, found=False, owner=owner)
        bears = user.external_id if OKTA_USER_ID.fullmatch(user.external_id) else ""
        profile = person.document.get("profile") if person is not None else None
        names = [profile.get(name) for name in ("login", "email")] if isinstance(profile, Mapping) else []
        has_name = scim.without_case(user.user_name) in [scim.without_case(str(name)) for name in names if name]
        return Held(account=genesys_id, found=True, active=user.active, bears=bears, owner=owner, has_name=has_name)

    def _check(self, link: UserLink, user: OktaUser | None, wanted: Held | None) -> None:
        """Refuse what would make one account two people's, or what a creation under way may undo."""
        if link.posted is not None:
            raise Refused("refused", "creation-unsettled: the bridge is creating an account for this user")
        if wanted is None:
            if not link.genesys_id:
                raise Refused("not-found", f"{link.entity} is linked to no account", field="entity")
            return
        if not wanted.found:
            raise Refused("not-found", f"Genesys Cloud shows no user {wanted.account}", field="account")
        if user is None:
            raise Refused("not-found", f"Okta shows no {link.entity}", field="entity")
        if link.genesys_id == wanted.account:
            raise Refused("refused", f"{link.entity} is linked to {wanted.account} already")
        if wanted.owner not in {"", link.entity}:
            raise Refused("refused", f"owned-by-another-user: {wanted.account} is linked to {wanted.owner}")
        if wanted.bears not in {"", link.okta_id} and self._may_be_theirs(wanted):
            raise Refused(
                "refused",
                f"owned-by-another-user: {wanted.account} bears the id of user:{wanted.bears}, who is there in Okta; "
                "linking that user to their own account takes it back",
            )

    def _may_be_theirs(self, account: Held) -> bool:
        """Whether the user whose id an account bears may need it: only one who is ended or gone does not."""
        user = self._okta.user(account.bears).value
        if user is not None:
            return user.status != "DEPROVISIONED"
        return self._okta.app_user(account.bears).value is not None

    def _planned(self, wanted: UserLink) -> Planned:
        store = cast("Store", PretendedLink(self._store, wanted))
        return showing.planned(attempt(self._preview_over(store), wanted.entity))

    def _write(self, okta_id: str, account: str, before: Held | None) -> None:
        for _ in range(FENCE_ATTEMPTS):
            link = self._store.begin_user_sync(okta_id)
            if link.genesys_id != (before.account if before else "") or link.posted is not None:
                raise Refused("refused", f"user:{okta_id} has been linked otherwise meanwhile: look again")
            if self._takes_back(okta_id, before):
                self._genesys.patch_user(link.genesys_id, scim.operations({"externalId": None}, present={"externalId"}))
            changed = self._changed(link, account)
            try:
                if account:
                    self._store.claim_user(changed)
                else:
                    self._store.save_user(changed)
            except OwnerTaken:
                raise Refused("refused", f"owned-by-another-user: {account} is linked meanwhile") from None
            except FenceMoved:
                continue
            why = "linked-by-operator" if account else "unlinked-by-operator"
            outcome = "linked" if account else "unlinked"
            self._store.write(JournalEntry(f"user:{okta_id}", self._clock.now(), outcome, why=why))
            return
        raise Transient("fence-moved", upstream="store")

    def _takes_back(self, okta_id: str, before: Held | None) -> bool:
        return before is not None and before.bears == okta_id and self._mode is Mode.ENFORCE

    def _answer(
        self,
        asked: UserChange,
        before: Held | None,
        after: Held | None,
        *,
        planned: Planned | None = None,
        item: str | None = None,
    ) -> UserChanged:
        writes = []
        if before is not None:
            writes.append(f"{before.account} belongs to nobody")
        if before is not None and self._takes_back(asked.entity.removeprefix("user:"), before):
            writes.append(f"PATCH users/{before.account} remove externalId")
        if after is not None:
            writes.append(f"{after.account} belongs to {asked.entity}")
        writes.append(f"{asked.entity} is linked to {after.account if after else 'no account'}")
        return UserChanged(
            entity=asked.entity,
            applied=asked.apply,
            before=before,
            after=after,
            writes=writes,
            planned=planned,
            item=item,
        )
