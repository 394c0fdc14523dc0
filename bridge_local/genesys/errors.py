"""The two shapes in which Genesys Cloud says no: ErrorBody of the platform and ScimError of RFC 7644 3.12."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge_local.exchange import Response
from bridge_local.genesys.switches import GenesysSwitches

SCIM_MEDIA = "application/scim+json"
JSON_MEDIA = "application/json"

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"

CODES: Mapping[int, tuple[str, str]] = {
    400: ("bad.request", "The request could not be understood by the server due to malformed syntax."),
    401: ("bad.credentials", "No authentication bearer token specified in authorization header."),
    403: ("not.authorized", "You are not authorized to perform the requested action."),
    404: ("not.found", "The requested resource was not found."),
    408: ("request.timeout", "The client did not produce a request within the server timeout limit."),
    409: ("general.conflict", "The request conflicts with the current state of the target resource."),
    413: ("bad.request", "The request is over the size limit."),
    415: ("unsupported.media.type", "Unsupported Media Type"),
    429: ("too.many.requests", "Rate limit exceeded the maximum."),
    500: ("internal.server.error", "The server encountered an unexpected condition."),
    503: ("service.unavailable", "Service Unavailable"),
    504: ("request.timeout", "The request timed out."),
}
"""Code and text of an ErrorBody by status (response table of the public API)."""


class Refused(Exception):
    """The model refuses a request: status, body and further headers of the answer."""

    def __init__(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.document = dict(document)
        self.headers = dict(headers or {})

    def response(self, correlation: str = "") -> Response:
        """The answer; an ErrorBody names the `correlation` id of the request."""
        document = self.document
        if "code" in document and correlation:
            document = {**document, "contextId": correlation}
        media = SCIM_MEDIA if "schemas" in document else JSON_MEDIA
        return Response.of_json(self.status, document, self.headers, media)


def platform_error(
    status: int, *, code: str = "", message: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> Refused:
    """An ErrorBody; `more` are further fields of that model, such as ``limit``."""
    usual_code, usual_message = CODES.get(status, CODES[HTTPStatus.INTERNAL_SERVER_ERROR])
    document = {"message": message or usual_message, "code": code or usual_code, "status": status}
    return Refused(status, {**document, "details": [], "errors": [], **more}, headers)


def scim_error(status: int, detail: str, scim_type: str = "") -> Refused:
    """A ScimError; its ``status`` is a string."""
    document = {"schemas": [ERROR_URN], "status": f"{status}", "detail": detail}
    return Refused(status, {**document, "scimType": scim_type} if scim_type else document)


def bad_request(switches: GenesysSwitches, scim_type: str, detail: str) -> Refused:
    """A 400 about SCIM content, in the shape that `GenesysSwitches.scim_400` says."""
    if switches.scim_400:
        return scim_error(HTTPStatus.BAD_REQUEST, detail, scim_type)
    code = "invalid.value" if scim_type in {"invalidValue", "mutability"} else "bad.request"
    return platform_error(HTTPStatus.BAD_REQUEST, code=code, message=detail)


def version_conflict(switches: GenesysSwitches) -> Refused:
    """The answer to an If-Match that does not hold, in one of its three forms."""
    detail = "Version does not match current version."
    if switches.version_conflict == "400":
        return scim_error(HTTPStatus.BAD_REQUEST, detail, "invalidVers")
    if switches.version_conflict == "409":
        return scim_error(HTTPStatus.CONFLICT, detail)
    return scim_error(HTTPStatus.PRECONDITION_FAILED, detail)


def too_many_requests(
    switches: GenesysSwitches, seconds: int, *, key: str, namespace: str, value: int, headers: Mapping[str, str]
) -> Refused:
    """A 429: the seconds stand in the text, and in Retry-After where the switch says so."""
    return platform_error(
        HTTPStatus.TOO_MANY_REQUESTS,
        code="too.many.requests.retry.after" if switches.retry_after else "too.many.requests",
        message=f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
        headers={**headers, **({"Retry-After": f"{seconds}"} if switches.retry_after else {})},
        messageWithParams="Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
        messageParams={"seconds": f"{seconds}"},
        limit={"key": key, "namespace": namespace, "value": value},
    )
