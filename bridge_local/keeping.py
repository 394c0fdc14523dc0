"""``make local``: the stack, kept running until a signal comes."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event

from bridge.aws.store.dynamo import DynamoStore
from bridge_local import ending, examples
from bridge_local.demo import settle
from bridge_local.options import Options
from bridge_local.scenario import LINKED_GROUPS, Company
from bridge_local.stack import Stack

Say = Callable[[str], None]
#: Seconds that the start may take until both sides are equal, and for each person more.
_PATIENCE, _EACH = 120.0, 0.2


def run(options: Options, say: Say, tell: Say) -> int:
    """Keep the stack running until SIGINT or SIGTERM; 0 when it was ready by then.

    Args:
        options: of the stack.
        say: takes the lines ``ready`` and ``stopping``.
        tell: takes how far the start has come.

    Raises:
        ending.Interrupted: a signal came before it was ready.
        OSError: an address is taken, or the state's directory takes nothing.
        SettingsError: a setting is wrong.
    """
    if options.people:
        options = options.with_default("LINKED_GROUPS", LINKED_GROUPS)
    with Stack(options, seed=options.seed) as stack:
        _people(stack, options, tell)
        try:
            say(
                f"ready hook {stack.hook_url} console {options.url()}/ okta {options.okta_url or options.url(1)}"
                f" genesys {options.genesys_api_url or options.url(2)} aws {options.url(3)} log {stack.logs.path}"
            )
            Event().wait()
        except ending.Interrupted:
            say("stopping")
    return 0


def _people(stack: Stack, options: Options, tell: Say) -> None:
    okta, genesys = stack.okta, stack.genesys
    if okta is None or genesys is None or okta.users.current:
        return
    if options.examples:
        store = DynamoStore(stack.aws.client("dynamodb"), stack.aws.physical["StateTable"])
        examples.add(okta, genesys, store)
    elif options.people:
        tell(f"Okta hires {options.people} people and more into 5 linked groups")
        company = Company(okta, genesys, random.Random(options.seed))  # noqa: S311 - invented people
        company.hire(options.people)
        # An operator has said long ago that this group only assigns people, and is nobody's in Genesys Cloud.
        stack.functions["Operations"].invoke({"do": "group.unlink", "entity": f"group:{company.everybody}"})
        settle(stack, tell, _PATIENCE + _EACH * options.people)
