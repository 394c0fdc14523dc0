"""Links of users and groups, their fences, and who owns what in Genesys Cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bridge.errors import FenceMoved, OwnerTaken
from bridge.provisioning.records import GroupLink
from bridge.provisioning.user_records import UserLink, UserState
from bridge_local.memory.base import Guarded


@dataclass
class MemoryLinks(Guarded):
    """`UserLinks` and `GroupLinks` of `bridge.provisioning.record_ports`.

    Attributes:
        user_links: Okta user id -> record.
        group_links: Okta group id -> record.
        owner_of: Genesys Cloud id -> owning entity.
        reference_of: keyed hash of a login, e-mail address or employee number -> Okta user id.
    """

    user_links: dict[str, UserLink] = field(default_factory=dict)
    group_links: dict[str, GroupLink] = field(default_factory=dict)
    owner_of: dict[str, str] = field(default_factory=dict)
    reference_of: dict[str, str] = field(default_factory=dict)

    def user(self, okta_id: str) -> UserLink | None:
        with self._lock:
            link = self.user_links.get(okta_id)
            return None if link is None else _copy(link)

    def users(self, okta_ids: Iterable[str]) -> dict[str, UserLink]:
        with self._lock:
            return {okta_id: _copy(self.user_links[okta_id]) for okta_id in okta_ids if okta_id in self.user_links}

    def all_users(self) -> Iterator[UserLink]:
        with self._lock:
            return iter([_copy(self.user_links[okta_id]) for okta_id in sorted(self.user_links)])

    def begin_user_sync(self, okta_id: str) -> UserLink:
        with self._lock:
            link = self.user_links.get(okta_id, UserLink(okta_id))
            self.user_links[okta_id] = replace(link, sync_number=link.sync_number + 1)
            return _copy(self.user_links[okta_id])

    def save_user(self, link: UserLink) -> None:
        with self._lock:
            self._check_fence(self.user_links.get(link.okta_id), link)
            self._release(self.user_links[link.okta_id], link)
            self.user_links[link.okta_id] = _copy(link)

    def claim_user(self, link: UserLink, *, previous_owner: str = "") -> None:
        with self._lock:
            self._check_fence(self.user_links.get(link.okta_id), link)
            self._check_owner(link, previous_owner)
            before = self.user_links.get(previous_owner)
            if before is not None and previous_owner != link.okta_id and before.genesys_id == link.genesys_id:
                self.user_links[previous_owner] = replace(
                    before,
                    sync_number=before.sync_number + 1,
                    state=UserState.GONE,
                    genesys_id="",
                    active=None,
                    hashes={},
                    pending=(),
                )
            self._release(self.user_links[link.okta_id], link)
            self.owner_of[link.genesys_id] = link.entity
            self.user_links[link.okta_id] = _copy(link)

    def note_references(self, references: Iterable[str], okta_id: str) -> None:
        with self._lock:
            self.reference_of.update(dict.fromkeys(references, okta_id))

    def referenced(self, reference: str) -> str:
        with self._lock:
            return self.reference_of.get(reference, "")

    def owners(self, genesys_ids: Iterable[str]) -> dict[str, str]:
        with self._lock:
            return {genesys_id: self.owner_of[genesys_id] for genesys_id in genesys_ids if genesys_id in self.owner_of}

    def group(self, okta_id: str) -> GroupLink | None:
        with self._lock:
            return self.group_links.get(okta_id)

    def groups(self) -> list[GroupLink]:
        with self._lock:
            return [self.group_links[okta_id] for okta_id in sorted(self.group_links)]

    def begin_group_sync(self, okta_id: str) -> GroupLink:
        with self._lock:
            link = self.group_links.get(okta_id, GroupLink(okta_id))
            self.group_links[okta_id] = replace(link, sync_number=link.sync_number + 1)
            return self.group_links[okta_id]

    def save_group(self, link: GroupLink) -> None:
        with self._lock:
            self._check_fence(self.group_links.get(link.okta_id), link)
            self._release(self.group_links[link.okta_id], link)
            self.group_links[link.okta_id] = replace(link, ended=link.sync_number)

    def end_group_sync(self, link: GroupLink) -> None:
        with self._lock:
            stored = self.group_links[link.okta_id]
            if stored.sync_number == link.sync_number:
                self.group_links[link.okta_id] = replace(stored, ended=link.sync_number)

    def claim_group(self, link: GroupLink) -> None:
        with self._lock:
            self._check_fence(self.group_links.get(link.okta_id), link)
            self._check_owner(link, "")
            self._release(self.group_links[link.okta_id], link)
            self.owner_of[link.genesys_id] = link.entity
            self.group_links[link.okta_id] = link

    @staticmethod
    def _check_fence(stored: UserLink | GroupLink | None, link: UserLink | GroupLink) -> None:
        if stored is None or stored.sync_number != link.sync_number:
            raise FenceMoved(f"another sync of {link.entity} has begun")

    def _check_owner(self, link: UserLink | GroupLink, previous_owner: str) -> None:
        if not link.genesys_id:
            raise ValueError("a claim names a Genesys Cloud id")
        owner = self.owner_of.get(link.genesys_id, link.entity)
        if owner not in {link.entity, f"user:{previous_owner}"}:
            raise OwnerTaken(owner)

    def _release(self, stored: UserLink | GroupLink, link: UserLink | GroupLink) -> None:
        """A link that no longer names the Genesys Cloud id it had gives the reverse record back."""
        if stored.genesys_id != link.genesys_id and self.owner_of.get(stored.genesys_id) == link.entity:
            del self.owner_of[stored.genesys_id]


def _copy(link: UserLink) -> UserLink:
    """The link with dictionaries of its own: nobody changes the store's record by accident."""
    return replace(link, hashes=dict(link.hashes), refused=dict(link.refused))
