"""How an approver proves who they are: a presigned ``sts:GetCallerIdentity`` that is good for one decision alone.

The header `BINDING_HEADER` is among the signed ones and holds a digest of the function and the whole decision. The
approvals function computes the digest itself and sends it along, so AWS refuses the URL for any other decision, and at
any other stack. This half runs where people are; `bridge.approvals.identity` checks.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

#: Signed with the URL, and sent by the approvals function.
BINDING_HEADER = "x-bridge-decision"
ACTION, VERSION = "GetCallerIdentity", "2011-06-15"
#: Seconds for which a signed URL is good; the approvals function takes none that is good for longer.
EXPIRES = 300


def binding(function: str, do: str, entity: str, number: int, revision: int, why: str) -> str:
    """The digest that binds an identity to one decision; `function` is the physical name of the approvals function."""
    return hashlib.sha256(json.dumps([function, do, entity, number, revision, why]).encode()).hexdigest()


def sts_endpoint(region: str, *, local: bool = False) -> str:
    """The regional STS endpoint, such as ``https://sts.eu-west-1.amazonaws.com``.

    Only in a local stack may AWS_ENDPOINT_URL lead elsewhere.
    """
    session = get_session()
    session.set_config_variable("sts_regional_endpoints", "regional")
    session.set_config_variable("ignore_configured_endpoint_urls", not local)
    endpoint: str = session.create_client("sts", region_name=region).meta.endpoint_url
    return endpoint.rstrip("/")


def sign_identity(
    credentials: Credentials | ReadOnlyCredentials, region: str, decision: str, *, endpoint: str = ""
) -> str:
    """The value of ``identity`` in an approval: a URL signed with the caller's own credentials.

    Args:
        credentials: as `boto3.Session().get_credentials()` gives them.
        region: the region of the stack.
        decision: what `binding` gives.
        endpoint: where a local stack's STS is; the region's own without.
    """
    url = f"{endpoint.rstrip('/') or sts_endpoint(region)}/"
    request = AWSRequest("GET", url, params={"Action": ACTION, "Version": VERSION}, headers={BINDING_HEADER: decision})
    SigV4QueryAuth(credentials, "sts", region, expires=EXPIRES).add_auth(request)
    signed: str = request.prepare().url
    return signed
