"""Speaks to a model in process, as a client would over HTTP: for tests and for code that only wants to read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge_local.exchange import Request
from bridge_local.genesys.errors import SCIM_MEDIA
from bridge_local.genesys.model import GenesysModel
from bridge_local.genesys.patch import PATCH_URN
from bridge_local.genesys.tokens import FORM

SCIM_V2 = "/api/v2/scim/v2"


@dataclass(frozen=True)
class Answer:
    """Status, headers as sent and the JSON document (None without a body)."""

    status: int
    headers: Mapping[str, str]
    document: Any


class Caller:
    """A client with a token of its own, minted at the start."""

    def __init__(self, model: GenesysModel) -> None:
        self.model = model
        self.token = ""
        self.mint()

    def mint(self, *, secret: str | None = None, form: bytes = b"grant_type=client_credentials") -> Answer:
        """Ask for a token with Basic authentication and use it from now on, if there is one."""
        pair = f"{self.model.tokens.client_id}:{self.model.tokens.client_secret if secret is None else secret}"
        basic = base64.b64encode(pair.encode()).decode()
        answer = self.raw("POST", "/oauth/token", {"authorization": f"Basic {basic}", "content-type": FORM}, form)
        if isinstance(answer.document, dict):
            self.token = answer.document.get("access_token", self.token)
        return answer

    def raw(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request just as it is."""
        response = self.model.handle(Request.of(method, url, headers, body))
        return Answer(response.status, response.headers, json.loads(response.body) if response.body else None)

    def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, tree: str = SCIM_V2
    ) -> Answer:
        """Send a SCIM request; `path` begins behind the tree, such as ``/users``."""
        usual = {"authorization": f"Bearer {self.token}", "accept": SCIM_MEDIA, "content-type": SCIM_MEDIA}
        content = b"" if body is None else json.dumps(body).encode()
        return self.raw(method, tree + path, {**usual, **(headers or {})}, content)

    def patch(self, path: str, *operations: Mapping[str, Any], if_match: str = "") -> Answer:
        """PATCH with these operations."""
        headers = {"if-match": if_match} if if_match else {}
        return self.send("PATCH", path, {"schemas": [PATCH_URN], "Operations": operations}, headers=headers)
