"""What the local stack can be told through the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

#: The secret's values in the local stack; the environment variable of the same name in upper case wins.
SECRET = {
    "hook_secret": "local-secret",
    "genesys_client_id": "local-client",
    "genesys_client_secret": "local-secret",
    "okta_token": "local-token",
}
#: Where the local stack differs from the template's defaults. The environment variable of the same name wins.
DEFAULTS = {
    "MODE": "enforce",
    "OKTA_AUTH": "ssws",
    "OKTA_APP_ID": "0oaGenesysCloudApp5d",
    "OKTA_READ_LAG_SECONDS": "0.5",
    "GENESYS_REGION": "us-east-1",
    "GENESYS_REQUESTS_PER_MINUTE": "6000",
    "DEFAULT_PHONE_REGION": "US",
    "BACKOFF_SECONDS": "1",
    "BACKOFF_LIMIT_SECONDS": "5",
}
#: Seconds after which a queue's messages may be read, instead of the template's. The groups' queue waits at least for
#: its slot of 2 s and Okta's read lag.
DELAYS = {"GroupsQueue": 3}
#: Seconds that the consumer has for a batch. The template's would leave a killed consumer's messages invisible for
#: minutes.
CONSUMER_TIMEOUT = 30
VISIBILITY = 45

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")
#: Most digits of a number.
_DIGITS = 12
#: From one run of catch-up to the next in AWS; what CATCH_UP_SECONDS says in its place quickens every schedule.
CATCH_UP_SECONDS = 300


@dataclass(frozen=True)
class Options:
    """Settings of the stack itself.

    Attributes:
        port: of the hook and console; the Okta simulator, the Genesys Cloud simulator and AWS follow at +1, +2, +3.
        bind: a further address to listen on, empty for loopback alone.
        state_dir: where state outlives the stack, None when it is lost on exit.
        okta_url: an outside Okta, empty for the simulator.
        genesys_api_url: an outside Genesys Cloud API, empty for the simulator.
        genesys_login_url: an outside Genesys Cloud login, empty for the simulator.
        people: how many invented people the simulators begin with.
        seed: of the invented people.
        examples: whether Okta begins with the people of ``events/`` alone, of whom nobody has been told.
        catch_up_seconds: from one run of catch-up to the next; 15 where people watch, and no variable says otherwise.
            The other schedules of the template keep their relation to it.
        concurrency: the account's quota of concurrent executions, as Lambda reports it.
        variables: the whole environment: any variable of the functions in it wins over the stack's default.
    """

    port: int = 8080
    bind: str = ""
    state_dir: Path | None = None
    okta_url: str = ""
    genesys_api_url: str = ""
    genesys_login_url: str = ""
    people: int = 0
    seed: int = 0
    examples: bool = False
    catch_up_seconds: int = CATCH_UP_SECONDS
    concurrency: int = 1000
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Options:
        """PORT, BIND, STATE_DIR, PEOPLE, SEED, EXAMPLES, CATCH_UP_SECONDS, CONCURRENT_EXECUTIONS and the URLs.

        Raises:
            ValueError: a variable is not as expected; the message names it.
        """
        for name in ("OKTA_ORG_URL", "GENESYS_API_URL", "GENESYS_LOGIN_URL"):
            if variables.get(name) and not _ORIGIN.fullmatch(variables[name]):
                raise ValueError(f"{name}: expected an origin, such as http://127.0.0.1:9000")
        outside = [variables.get(name, "") for name in ("OKTA_ORG_URL", "GENESYS_API_URL", "GENESYS_LOGIN_URL")]
        state_dir = variables.get("STATE_DIR", "")
        return cls(
            port=whole(variables, "PORT", 8080, 1024, 65532),
            bind=_address(variables.get("BIND", "")),
            state_dir=_directory(Path(state_dir)) if state_dir else None,
            okta_url=outside[0].rstrip("/"),
            genesys_api_url=outside[1].rstrip("/"),
            genesys_login_url=outside[2].rstrip("/"),
            people=whole(variables, "PEOPLE", 0 if any(outside) else 12, 0, 5000),
            seed=whole(variables, "SEED", 0, 0, 10**9),
            examples=bool(whole(variables, "EXAMPLES", 0, 0, 1)),
            catch_up_seconds=whole(variables, "CATCH_UP_SECONDS", 15, 1, 3600),
            concurrency=whole(variables, "CONCURRENT_EXECUTIONS", 1000, 1, 1_000_000),
            variables=dict(variables),
        )

    def with_default(self, name: str, value: str) -> Options:
        """The same with one variable more, unless the environment has it."""
        return replace(self, variables={name: value, **self.variables})

    @property
    def schedule_speed(self) -> float:
        """How many times more often than in AWS every schedule runs."""
        return CATCH_UP_SECONDS / self.catch_up_seconds

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on."""
        if self.bind in {"0.0.0.0", "::"}:  # noqa: S104 - asked for; it has loopback in it
            return (self.bind,)
        return ("127.0.0.1",) if self.bind in {"", "127.0.0.1"} else ("127.0.0.1", self.bind)

    def url(self, offset: int = 0) -> str:
        """The loopback URL of one of the four servers."""
        return f"http://127.0.0.1:{self.port + offset}"

    @property
    def hook_url(self) -> str:
        """Where deliveries go."""
        return f"{self.url()}/okta/events"

    @property
    def app_id(self) -> str:
        """The Okta application that the bridge serves."""
        return self.variables.get("OKTA_APP_ID") or DEFAULTS["OKTA_APP_ID"]

    @property
    def secret(self) -> dict[str, str]:
        """The values of the bridge's secret."""
        return {key: self.variables.get(key.upper()) or value for key, value in SECRET.items()}


def _address(text: str) -> str:
    try:
        return str(ip_address(text)) if text else ""
    except ValueError:
        raise ValueError("BIND: expected an IP address, such as 0.0.0.0") from None


def _directory(path: Path) -> Path:
    """A directory that is there or can be made."""
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"STATE_DIR: expected a directory that can be written, not {path}")
    return path


def whole(variables: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A variable that is a whole number.

    Raises:
        ValueError: it is none, or out of range; the message names it.
    """
    text = variables.get(name, "") or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS or not least <= int(text) <= most:
        raise ValueError(f"{name}: expected a whole number from {least} to {most}")
    return int(text)
