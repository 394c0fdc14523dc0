"""The one way in which users' accounts are written: for real, or only said.

`Accounts` decides and asks an `AccountWriter`; the mode chooses which. `ObservingWriter` foretells by reading alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.errors import UserNameTaken
from bridge.provisioning.elements import comes_later
from bridge.provisioning.matching import Matching
from bridge.provisioning.sync import Report
from bridge.provisioning.user_records import UserLink
from bridge.provisioning.values import OktaUser, ScimUser


@dataclass(frozen=True)
class Target:
    """What Genesys Cloud should hold for a usable, assigned user.

    Attributes:
        user: as Okta shows them.
        values: SCIM path -> value.
        on_create: what is sent only when the user is created.
        left_out: paths whose value is not known yet: what the account holds there stays.
        lists: as in `MappedUser`.
    """

    user: OktaUser
    values: Mapping[str, Any]
    on_create: Mapping[str, Any]
    left_out: frozenset[str] = frozenset()
    lists: Mapping[str, str] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, Any]:
        """SCIM path -> value, with the Okta user id as externalId."""
        return {**self.values, "externalId": self.user.id}

    @property
    def user_name(self) -> str:
        """The userName that Genesys Cloud should hold."""
        return str(self.values["userName"])


@dataclass(frozen=True)
class Change:
    """What differs between an account and its target.

    Attributes:
        values: SCIM path -> new value, None to clear it; ``active`` may be among them.
        present: the paths that hold a value in Genesys Cloud.
        account: the account as it was read; None when the link alone told the difference.
        skipped: paths left out of `values`, for Genesys Cloud does not take what is wanted there.
    """

    values: Mapping[str, Any]
    present: frozenset[str]
    account: ScimUser | None
    skipped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Changed:
    """The link after the account was synced, and the account as Genesys Cloud last showed it."""

    link: UserLink
    user: ScimUser | None = None


class AccountWriter(Protocol):
    """Writes accounts and what the link remembers of them; `report` learns what was done.

    Raises:
        Transient, Permanent: as `bridge.errors`.
        Outdated: the link or the account is not what was thought; sync again and trust no record.
    """

    def create(self, link: UserLink, target: Target, report: Report) -> Changed:
        """Make an account; without a user in the answer none was made.

        Raises:
            UserNameTaken: a Genesys Cloud user holds the userName or the externalId.
        """
        ...

    def take(self, link: UserLink, target: Target, change: Change, report: Report) -> ScimUser | None:
        """Write what differs to an account of nobody's, only as long as it is as `change` has it.

        None where nothing was written: then it must be read first.
        """
        ...

    def adopted(self, report: Report) -> None:
        """An account that was there already has been taken."""
        ...

    def change(self, link: UserLink, target: Target, change: Change, report: Report) -> Changed:
        """Write what differs.

        Raises:
            UserNameTaken: another account holds the new userName; nothing was written.
        """
        ...

    def deactivate(self, link: UserLink, account: ScimUser, report: Report) -> Changed:
        """Make an active account inactive."""
        ...


class ObservingWriter:
    """Writes nothing, and says which calls would be made."""

    def __init__(self, matching: Matching) -> None:
        """`matching` searches, to foretell what a POST would meet."""
        self._matching = matching

    def create(self, link: UserLink, target: Target, report: Report) -> Changed:
        """Foretell a POST: refused where a search finds its userName or externalId."""
        if self._matching.foretell(link.okta_id, target.user_name):
            raise UserNameTaken("a Genesys Cloud user holds the userName")
        paths = [*target.attributes, *target.on_create]
        report.planned_calls.append(f"POST users {','.join(path for path in paths if not comes_later(path))}")
        if later := [path for path in paths if comes_later(path)]:
            report.planned_calls.append(f"PATCH users/new replace {','.join(later)}")
        report.finish("observed", "would-create")
        return Changed(link)

    def take(self, link: UserLink, target: Target, change: Change, report: Report) -> ScimUser | None:  # noqa: ARG002 - the port's
        """Nothing: it is read, to say what would be written."""
        return None

    def adopted(self, report: Report) -> None:
        """The account is linked, and what differs would be written."""
        report.finish("observed", "would-adopt")

    def change(self, link: UserLink, target: Target, change: Change, report: Report) -> Changed:  # noqa: ARG002 - the port's
        """Say what would be replaced."""
        report.planned_calls.append(f"PATCH users/{link.genesys_id} replace {','.join(change.values)}")
        report.finish("observed", "would-update")
        return Changed(link, change.account)

    def deactivate(self, link: UserLink, account: ScimUser, report: Report) -> Changed:
        """Say that access would end."""
        report.planned_calls.append(f"PATCH users/{link.genesys_id} replace active")
        report.read["access"] = f"ends: {report.why}"
        report.finish("observed", "would-deactivate")
        return Changed(link, account)
