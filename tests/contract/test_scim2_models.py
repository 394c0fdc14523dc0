"""Our SCIM bodies are valid RFC 7643 and RFC 7644 messages, as an independent library reads them."""

from typing import Any

import pytest
from scim2_models import Context, EnterpriseUser, PatchOp, User

from bridge.provisioning import scim

WORK = 'phoneNumbers[type eq "work"].value'
DEPARTMENT = f"{scim.ENTERPRISE_USER}:department"
VALUES: dict[str, Any] = {
    "userName": "ada.brook@example.com",
    "displayName": "Ada Brook",
    "title": "Team Lead",
    scim.WORK_EMAIL: "ada.brook@example.com",
    WORK: "+13175550100",
    'phoneNumbers[type eq "mobile"].value': "+13175550101",
    DEPARTMENT: "Sales",
    f"{scim.ENTERPRISE_USER}:division": "Home",
    f"{scim.ENTERPRISE_USER}:employeeNumber": "E-1001",
    # no manager: the library wants the $ref of RFC 7643 section 8.7.1, Genesys Cloud's model asks for the id alone
}


def test_create_documents_are_valid_requests() -> None:
    """A strict reader of RFC 7643 finds every value of a creation where it looks for it."""
    document = scim.create_document(VALUES, active=True, external_id="00uAdaBrook000000001", password="s3cret")
    user = User[EnterpriseUser].model_validate(document, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    assert user.user_name == "ada.brook@example.com"
    assert user.external_id == "00uAdaBrook000000001"
    assert user.active is True
    assert [(phone.type, phone.value) for phone in user.phone_numbers or ()] == [
        ("work", "+13175550100"),
        ("mobile", "+13175550101"),
    ]
    assert [email.value for email in user.emails or ()] == ["ada.brook@example.com"]
    extension = user[EnterpriseUser]
    assert extension is not None
    assert (extension.department, extension.division, extension.employee_number) == ("Sales", "Home", "E-1001")


@pytest.mark.parametrize(
    ("changes", "present"),
    [
        ({"title": "Agent", "active": True}, {"title"}),
        ({WORK: "+13175550199", DEPARTMENT: None}, {WORK, DEPARTMENT}),
        ({WORK: "+13175550199", scim.WORK_EMAIL: "ada@example.org"}, set()),
        ({WORK: None, scim.MANAGER: "7f1c2e34-0000-4000-8000-000000000002"}, {WORK}),
    ],
)
def test_patch_bodies_are_valid_requests(changes: dict[str, Any], present: set[str]) -> None:
    """Each kind of operation passes as a PATCH request of a user, op by op."""
    operations = scim.operations(changes, present=present)
    body = {"schemas": [scim.PATCH_OP], "Operations": operations}
    patch = PatchOp[User[EnterpriseUser]].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    assert [operation.op.value for operation in patch.operations or ()] == [sent["op"] for sent in operations]


def test_patch_bodies_do_what_they_say() -> None:
    """The library applies our operations to a user, and the user then holds the wanted values."""
    before = scim.create_document(VALUES, active=False, external_id="00uAdaBrook000000001")
    user = User[EnterpriseUser].model_validate(before)
    home = 'phoneNumbers[type eq "home"].value'
    changes = {WORK: "+13175550199", home: "+13175550102", DEPARTMENT: "Support", "title": None, "active": True}
    body = {"schemas": [scim.PATCH_OP], "Operations": scim.operations(changes, present=VALUES)}
    PatchOp[User[EnterpriseUser]].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(user)
    after = scim.read_values(user.model_dump(), [*changes])
    assert after == {path: value for path, value in changes.items() if value is not None}
