"""What is not known for sure of Genesys Cloud's SCIM, as switches: each default is the likelier answer.

Marks in the descriptions: *documented* (developer centre, SDKs, Resource Center), *observed* (in a vendor's client
code), *reported* (by people on the forum), *guess* (our inference), *unknown* (found nowhere). Tests run the bridge
with both answers of what is a guess or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Refusal = Literal["400", "ignored"]


@dataclass
class GenesysSwitches:
    """How the model answers where the facts leave room. May be changed while the model runs.

    Attributes:
        token_lifetime: seconds a token lives. Documented: 300 to 172,800 by client, default 86,400.
        token_idle: seconds without use after which a token dies, None for never. Documented: 900 with HIPAA.
        token_requests_per_minute: token requests the login host allows, None for any number; above it answers 400
            ``invalid_request``. The form is observed (Terraform provider), the number unknown.
        any_case_paths: whether ``/Users`` is the same as ``/users``. Guess: standard clients send ``/Users``.
        comma_lists: whether ``attributes=a,b`` is understood beside the documented repeated form. Guess.
        group_filter_required: ``filter`` is marked required on ``/scim/v2/groups``. Documented.
        users_readable_without_role: no permission is listed for reading users; whether a client without any role
            may is unknown.
        missing_permission_code: which of the two documented codes a 403 carries. Unknown.
        max_results: the largest page of a list, what ``filter.maxResults`` shows. Unknown.
        expensive_lists_refused: a ``count`` over 25 with expensive attributes "may" give 429. Documented as "may".
        finds_inactive: whether a filter other than ``active`` also finds inactive users. Unknown; matching by
            Okta and Entra suggests it.
        search_lag: seconds until a write is seen by lists and filters. Observed in kind (up to 180 s after a
            deletion), the number is unknown.
        unknown_fields: what happens to a body's attribute that is not in the model. Guess.
        scim_400: whether a 400 about SCIM content is a ScimError, else an ErrorBody. The response table documents
            ErrorBody, the ScimError model documents scimType for 400.
        phone_region: the region that reads numbers without ``+``. Unknown; the Terraform provider uses US.
        unparsable_phone: what happens to a number that is none. Unknown.
        extension_blank: whether a blank stands before ``ext=`` in a tel URI. Documentation prints one.
        other_email_write: what happens when ``emails[type eq "other"]`` is given another value than the userName.
            Documented as immutable, the answer is unknown.
        unknown_division: what happens to a division's name that does not exist. Unknown.
        unknown_manager: what happens to a manager's id that does not exist. Unknown.
        unknown_role: what happens to a role's name that does not exist. Unknown.
        unknown_skill: what happens to a routing skill or language that does not exist. Unknown.
        external_id_taken: what happens to an externalId (or an entry of externalIds) that another user has.
            Uniqueness is documented, the answer is unknown.
        put_omitted: what a PUT does to attributes it leaves out. Unknown; RFC 7644 3.5.1 lets them be cleared.
        version_conflict: the form in which a wrong If-Match is refused: 400 ScimError ``invalidVers`` (parameter
            text), 409 ScimError (response table) or 412 (older SDKs). All three documented.
        uniqueness_type: whether the 409 for a taken userName carries scimType ``uniqueness``. Guess.
        deleted_user_name: POST with the userName of a deleted user restores the same user (201 or 200), makes a
            new one, or is refused with 409 ``general.conflict``. Guess.
        deleted_by_id: whether a deleted user answers by id: 404, or as an inactive user whom ``active: true``
            restores without roles. Guess.
        capitalised_ops: whether ``Add``, ``Replace``, ``Remove`` are understood. Guess: Entra sends them.
        no_target: PATCH ``replace`` whose value filter matches nothing: 400 ``noTarget`` (RFC 7644 3.5.2.3) or the
            element is made. Unknown.
        patch_shows_members: whether the answer to a group's PATCH has its members. Guess by the parameters.
        repeated_members: adding a present or removing an absent member: 200, or 400. Unknown.
        unknown_member: adding an unknown member's id: the whole request fails with 400 or 404, or the id is
            ignored. Unknown.
        inactive_members: whether a deactivated user stays in the groups. Unknown.
        adding_inactive: whether an inactive user may be added to a group: yes, or 400. Unknown.
        removal_guard: removals that one action may not exceed. Documented: 1000.
        removal_guard_answer: 400 ``tooMany`` or 409. Unknown.
        max_added: members one request may add, None for any number. Unknown; the other group API takes 50.
        rule_based_write: how a rule-based group answers changes of its members. Unknown.
        token_per_minute: calls per token and minute. Reported: 300.
        client_per_minute: calls per OAuth client and minute. Reported: 300.
        scim_per_minute: calls per minute in the namespace ``scim`` of the organisation, None for no such limit.
            It is documented to exist, the number is unknown.
        retry_after: whether a 429 has the header Retry-After. Observed: sometimes.
        ignored_attributes: paths of attributes, as PATCH names them, that are accepted and not changed; ``active`` too.
            Documented for single ones ("read only"), which others is unknown.
        recased_attributes: paths whose text is kept with its case changed. Unknown.
        trims_values: whether texts lose blanks at their ends and double ones. Unknown.
        refused_attributes: paths whose change is refused with 400, the whole request with them. Unknown which.
        refusal_names: where that 400 names the attribute: ``details[].fieldName`` of an ErrorBody, ``detail`` of a
            ScimError, or nowhere. All three models are documented. Likewise whether the name of an unknown skill,
            language or role stands in the text. Unknown.
        licences: how many users can be active, None for any number. Documented to exist, not for SCIM.
        licence_refusal: the status of an activation above it. Unknown.
        inactive_roles: whether a deactivated user keeps the roles. Documented both ways.
        weak_etags: whether versions are shown as ``W/"42"``, which no If-Match can hold. Guess.
        no_etags: whether neither header nor ``meta`` shows a version. Guess.
        read_lag: seconds for which a read by id shows the version before. Guess: reads are served by replicas.
        member_lag: seconds until a new user can be added to groups; see `unknown_member`. Guess.
    """

    token_lifetime: int = 86_400
    token_idle: int | None = None
    token_requests_per_minute: int | None = None
    any_case_paths: bool = True
    comma_lists: bool = True
    group_filter_required: bool = True
    users_readable_without_role: bool = False
    missing_permission_code: Literal["missing.permissions", "missing.any.permissions"] = "missing.permissions"
    max_results: int = 100
    expensive_lists_refused: bool = False
    finds_inactive: bool = True
    search_lag: float = 0.0
    unknown_fields: Refusal = "ignored"
    scim_400: bool = True
    phone_region: str = "US"
    unparsable_phone: Refusal = "400"
    extension_blank: bool = False
    other_email_write: Refusal = "ignored"
    unknown_division: Refusal = "400"
    unknown_manager: Refusal = "400"
    unknown_role: Refusal = "400"
    unknown_skill: Refusal = "400"
    external_id_taken: Literal["409", "400", "allowed"] = "409"
    put_omitted: Literal["cleared", "kept"] = "cleared"
    version_conflict: Literal["400", "409", "412"] = "409"
    uniqueness_type: bool = True
    deleted_user_name: Literal["restored-201", "restored-200", "new", "409"] = "restored-201"
    deleted_by_id: Literal["404", "inactive"] = "404"
    capitalised_ops: bool = True
    no_target: Literal["400", "create"] = "400"
    patch_shows_members: bool = True
    repeated_members: Literal["200", "400"] = "200"
    unknown_member: Literal["400", "404", "ignored"] = "400"
    inactive_members: Literal["kept", "removed"] = "kept"
    adding_inactive: Literal["accepted", "400"] = "accepted"
    removal_guard: int = 1000
    removal_guard_answer: Literal["400", "409"] = "400"
    max_added: int | None = None
    rule_based_write: Literal["400", "403", "409", "ignored"] = "400"
    token_per_minute: int = 300
    client_per_minute: int | None = 300
    scim_per_minute: int | None = None
    retry_after: bool = True
    ignored_attributes: set[str] = field(default_factory=set)
    recased_attributes: set[str] = field(default_factory=set)
    trims_values: bool = False
    refused_attributes: set[str] = field(default_factory=set)
    refusal_names: Literal["fieldName", "detail", "nothing"] = "fieldName"
    licences: int | None = None
    licence_refusal: Literal["400", "403", "409"] = "400"
    inactive_roles: Literal["kept", "removed"] = "kept"
    weak_etags: bool = False
    no_etags: bool = False
    read_lag: float = 0.0
    member_lag: float = 0.0
