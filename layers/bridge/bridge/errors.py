"""The one error tree of the bridge.

::

    BridgeError
    ├── Transient            wait and try again: the item goes back to its queue
    │   ├── AuthFailure      a credential or a role is wrong: never parked, somebody must act
    │   └── BreakerOpen      an upstream fails as a whole: nothing was called
    ├── Permanent            this entity cannot be done as things are: parked at once
    ├── Recheck              synced, but too close to the event: sync once more
    ├── PassedOver           nothing was read: done, but not recorded as done
    ├── FenceMoved           somebody else syncs the same entity: start again with the newest truth
    ├── Outdated             what the link remembers is no longer so: start again, and trust no record
    ├── VersionConflict      Genesys Cloud holds a newer version than the one we changed
    ├── UserNameTaken        another Genesys Cloud user holds the userName
    ├── ResourceNotFound     Genesys Cloud answered 404 on a resource that we address by id
    ├── OwnerTaken           a Genesys Cloud resource already belongs to another Okta object
    ├── InvalidDelivery      the body of a delivery is not what Okta documents
    └── SettingsError        an environment variable, a secret or the attribute map is wrong

Messages and reasons carry ids and codes, never names, e-mail addresses, phone numbers, tokens or secrets.
"""

from __future__ import annotations

import re

#: Reason codes that somebody has to mend: a credential, a role or a scope is refused.
_REFUSED = re.compile(
    r".*-(401|403|token-(400|401|403|missing|malformed)|client-missing|dpop-required|app-404|not-visible)"
)


def refuses_us(why: str) -> bool:
    """Whether a reason code means that credentials, a role or a scope are refused, which no waiting mends."""
    return _REFUSED.fullmatch(why) is not None


class BridgeError(Exception):
    """Base of every error the bridge raises on purpose."""


class Transient(BridgeError):
    """Something that time heals: a timeout, a 5xx, a 429, throttling.

    Args:
        reason: short code for journal and metrics, such as ``genesys-429``.
        detail: what helps a person, such as the switch to set; never values of a profile.
        retry_after: seconds that the other side asked for, if it did.
        upstream: ``okta``, ``genesys``, ``store``, ``queues`` or ``""``.
        reference: the other side's id of the failed call (``ININ-Correlation-Id``, Okta's ``errorId``).
        status: the HTTP status, if there was an answer.
    """

    def __init__(
        self,
        reason: str,
        *,
        detail: str = "",
        retry_after: float | None = None,
        upstream: str = "",
        reference: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.upstream = upstream
        self.reference = reference
        self.status = status


class AuthFailure(Transient):
    """401 after one fresh token, 403, a refused token request, 404 on the Okta application itself."""


class BreakerOpen(Transient):
    """The upstream fails as a whole and was not called; `retry_after` is the time to the next probe."""


class Permanent(BridgeError):
    """Trying again changes nothing; the item is parked with this reason.

    Args:
        reason: short code, such as ``user-not-visible``.
        detail: ids or attribute names that help a person, never values of a profile.
        upstream: ``okta``, ``genesys`` or ``""``.
        reference: the other side's id of the failed call.
        status: the HTTP status, if there was an answer.
        paths: what of a refused write the refusal names, as SCIM paths of that write: attributes such as ``title``,
            members as ``members[value eq "<id>"]``. Empty when it names nothing that was written.
        sent: the attributes of the write that was refused, for the journal.
    """

    def __init__(
        self,
        reason: str,
        *,
        detail: str = "",
        upstream: str = "",
        reference: str = "",
        status: int | None = None,
        paths: tuple[str, ...] = (),
        sent: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.upstream = upstream
        self.reference = reference
        self.status = status
        self.paths = paths
        self.sent = sent


class Recheck(BridgeError):
    """Nothing failed, but it is too early: what was read may still lag, or others come soon. Again in ``delay`` s."""

    def __init__(self, delay: float) -> None:
        super().__init__(f"sync again in {delay:.0f} s")
        self.delay = delay


class PassedOver(BridgeError):
    """Nothing was read for the item: it is done, but not recorded as done, so that catch-up may enqueue it again."""


class FenceMoved(BridgeError):
    """A conditional write found another ``sync`` number: another sync of this entity has begun."""


class Outdated(BridgeError):
    """What a change was computed from is no longer so: start again once, and trust no record.

    Args:
        reason: short code of the Transient that it becomes when starting again does not help.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VersionConflict(BridgeError):
    """Genesys Cloud refused a write because its version moved (412, or a 400 or 409 that says so)."""


class UserNameTaken(BridgeError):
    """Genesys Cloud answered 409: a non-deleted user already holds the userName."""


class ResourceNotFound(BridgeError):
    """Genesys Cloud answered 404 on a user or group that is addressed by its id."""


class OwnerTaken(BridgeError):
    """The Genesys Cloud resource belongs to another Okta object.

    Args:
        owner: that object as an entity (``user:<okta id>`` or ``group:<okta id>``).
    """

    def __init__(self, owner: str) -> None:
        super().__init__(f"already owned by {owner}")
        self.owner = owner


class InvalidDelivery(BridgeError):
    """A delivery's body is refused; the message names the field and what was expected, never the value."""


class SettingsError(BridgeError):
    """A setting is missing or wrong; the message names the variable and what was expected."""
