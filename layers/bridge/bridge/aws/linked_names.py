"""The names of groups to link: in the setting itself, or in the SSM parameter that it names.

Lambda gives all variables of a function 4 KB, so a deployed stack keeps the list in Parameter Store, and a change of it
needs no new environment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import SettingsError, Transient
from bridge.settings import SSM_PREFIX, group_names

if TYPE_CHECKING:
    from bridge.mapping.source import ParameterStore

#: Seconds for which the list is used without asking again.
MAX_AGE = 300
#: Seconds between two questions to a store that fails.
PAUSE = 30


class LinkedNames:
    """Gives the names and globs; a parameter's outlive a store that fails."""

    def __init__(
        self,
        setting: Sequence[str],
        client: Callable[[], ParameterStore],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`setting`: the names, or ``ssm:<name>`` alone; `client` is asked for only then; `clock` counts seconds."""
        self._names: tuple[str, ...] | None = None
        self._parameter = ""
        if len(setting) == 1 and setting[0].startswith(SSM_PREFIX):
            self._parameter = setting[0].removeprefix(SSM_PREFIX)
        else:
            self._names = tuple(setting)
        self._client = client
        self._clock = clock
        self._fresh_until = float("-inf")

    def __call__(self) -> tuple[str, ...]:
        """The names and globs, as they were written.

        Raises:
            SettingsError: there is no such parameter, or no right to read it.
            Transient: the store fails and there is no last good list.
        """
        now = self._clock()
        if self._parameter and now >= self._fresh_until:
            try:
                self._names, self._fresh_until = self._read(), now + MAX_AGE
            except (SettingsError, Transient):
                if self._names is None:
                    raise
                self._fresh_until = now + PAUSE
        return self._names or ()

    def _read(self) -> tuple[str, ...]:
        try:
            answer = self._client().get_parameter(Name=self._parameter)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"ParameterNotFound", "AccessDeniedException"}:
                raise SettingsError(
                    f"LINKED_GROUPS: expected an SSM parameter that this function may read after {SSM_PREFIX}"
                ) from None
            raise Transient("linked-groups-unavailable") from error
        except BotoCoreError as error:
            raise Transient("linked-groups-unavailable") from error
        return group_names(answer["Parameter"]["Value"])
