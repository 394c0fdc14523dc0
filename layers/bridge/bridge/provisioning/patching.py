"""The PATCHes of one change of one account: which attribute is it that Genesys Cloud does not take?

It is named by the refusal, or found by leaving out; a bounded number of calls. What is accepted and not held
afterwards is sent once more, and counts as refused then. The answer to a PATCH shows what is held, but for values that
were written before and did not stay: those are read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.errors import Permanent, VersionConflict
from bridge.provisioning import scim
from bridge.provisioning.account_writer import Change
from bridge.provisioning.elements import is_rating
from bridge.provisioning.ports import GenesysScim
from bridge.provisioning.values import ScimUser

#: How many calls the search for what is refused may cost beyond the first PATCH.
EXTRA_CALLS = 12


class Patching:
    """One change being made.

    Attributes:
        account: the account as Genesys Cloud last showed it, None before anything was accepted.
        applied: the paths that were accepted and are held.
        refused: the paths that were refused, or accepted and not held: whether they were accepted.
        activation: the refusal of ``active``, when the rest was accepted.
    """

    def __init__(self, genesys: GenesysScim, genesys_id: str, change: Change, *, doubted: bool = False) -> None:
        """Nothing is sent yet; `doubted` says that an answer has shown such a value before, which was not held."""
        self._genesys = genesys
        self._genesys_id = genesys_id
        self._change = change
        self._doubted = doubted
        self._left = EXTRA_CALLS
        self._tried_nothing = False
        self._ratings: dict[str, Any] = {}
        self._alone: dict[str, Permanent] = {}
        self.account: ScimUser | None = None
        self.applied: set[str] = set()
        self.refused: dict[str, bool] = {}
        self.activation: Permanent | None = None

    def send(self, values: Mapping[str, Any]) -> None:
        """Send `values`, whole if it may be, and leave out what is refused.

        Raises:
            Permanent: the refusal, when nothing at all is accepted: then it is not about an attribute.
            UserNameTaken, VersionConflict, ResourceNotFound, Transient: as `GenesysScim.patch_user`.
        """
        if not values:
            return
        self._send(dict(values))
        self.activation = self._alone.pop("active", None)
        self.refused |= dict.fromkeys(self._alone, False)
        missing = self._missing(values)
        if missing or (self._doubted and self.applied):  # an answer need not show everything, nor what is held
            self.account = self._genesys.user(self._genesys_id) or self.account
            missing = self._missing(values)
        if missing:
            self.account = self._patch(missing)
            if self._doubted or self._missing(values):
                self.account = self._genesys.user(self._genesys_id) or self.account
            self.refused |= dict.fromkeys(self._missing(values), True)
            self.applied -= self.refused.keys()

    def _send(self, part: dict[str, Any]) -> None:
        try:
            self.account = self._patch(part)
        except Permanent as refusal:
            if self._change.account is None:
                raise  # the account is read first
            self._divide(part, refusal)
        else:
            self.applied |= part.keys()
            self._ratings |= {path: value for path, value in part.items() if is_rating(path)}

    def _divide(self, part: dict[str, Any], refusal: Permanent) -> None:
        named = set(refusal.paths) & (part.keys() - {"active"})
        if named and len(named) < len(part):
            self.refused |= dict.fromkeys(named, False)
            parts = [{path: value for path, value in part.items() if path not in named}]
        elif named:
            self.refused |= dict.fromkeys(named, False)
            return
        elif len(part) == 1:
            self._require_about_a_value(part, refusal)
            self._alone |= dict.fromkeys(part, refusal)
            return
        elif self._require_about_a_value(part, refusal) and "active" in part:
            parts = [{path: value for path, value in part.items() if path != "active"}, {"active": part["active"]}]
        else:
            paths = sorted(part)
            half = len(paths) // 2
            parts = [{path: part[path] for path in paths[:half]}, {path: part[path] for path in paths[half:]}]
        for smaller in parts:
            if self._left <= 0:
                if not all(map(is_rating, smaller)):
                    raise refusal
                self.refused |= dict.fromkeys(smaller, False)  # nobody waits for the search among many skills
                continue
            self._left -= 1
            self._send(smaller)

    def _require_about_a_value(self, part: Mapping[str, Any], refusal: Permanent) -> bool:
        """Raise the refusal unless something is accepted, be it a PATCH that changes nothing: else it is about nothing.

        Then it is the service's, or the person's, and no search would find what is refused.
        """
        account = self.account or self._change.account
        if self.applied or self._tried_nothing or account is None:
            return True
        self._tried_nothing = True
        held = scim.read_values(account.document, ["displayName", "externalId"])
        path = next((path for path in held if path not in part), next(iter(held)))
        try:
            self.account = self._patch({path: held[path]})
        except Permanent:
            raise refusal from None
        return True

    def _patch(self, values: Mapping[str, Any]) -> ScimUser:
        """One PATCH; ``active`` only as long as the account is as it was read, for it must not land late.

        So it is with skills and languages, whose lists are written whole, with what was accepted before.
        A weak ETag is equal to nothing (RFC 9110, section 8.8.3.2): where that conflicts, it is left away.
        """
        account = self.account or self._change.account
        present = self._present()
        rates = any(map(is_rating, values))
        shown = [each.document for each in (self.account, self._change.account) if each is not None]
        operations = scim.operations({**self._ratings, **values} if rates else values, present=present, shown=shown)
        version = account.version if account is not None and ("active" in values or rates) else ""
        try:
            return self._genesys.patch_user(self._genesys_id, operations, if_match=version)
        except VersionConflict:
            if not version.startswith("W/"):
                raise
            return self._genesys.patch_user(self._genesys_id, operations)

    def _present(self) -> frozenset[str]:
        if self.account is None:
            return self._change.present
        known = {*self._change.present, *self._change.values}
        return frozenset(scim.read_values(self.account.document, known)) | (self._change.present - self.applied)

    def _missing(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What was accepted and is not held by the account as last shown; ``active`` is judged by itself."""
        paths = [path for path in values if path in self.applied and path != "active"]
        if self.account is None:
            return {}
        held = scim.read_values(self.account.document, paths)
        return {path: values[path] for path in paths if not _holds(path, held.get(path), values[path])}


def _holds(path: str, held: Any, wanted: Any) -> bool:
    return held is None if wanted is None else held is not None and scim.same(path, held, wanted)
