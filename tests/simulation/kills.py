"""``make crash-test``: real processes on the local stack, killed with SIGKILL at random moments under load.

A run is one small company of its own: hired, changed in every way, and at least one process killed in the midst of its
changes: a consumer, or the log poller, the reconciler or the operations function while an operator keeps them busy.
The companies of a wave live at the same time, so that the queues are busy and what a killed consumer held comes back
while others work. In the end Genesys Cloud equals Okta, and every company has come to the same end state.
With ``--control`` a kill also loses what the queues hold, and nothing comes later that would read Okta again: the test
must then find companies that end wrong, or it could not fail.
Everything listens on loopback only; processes are ended by their ids, and only those that the stack started.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Thread

from bridge_local.demo import free_ports
from bridge_local.genesys import GenesysModel
from bridge_local.okta import UNLIMITED, OktaModel, OktaSwitches
from bridge_local.options import Options
from bridge_local.proof import Story, differences
from bridge_local.schedules import tick
from bridge_local.stack import Stack

#: People of a company; the first stay as they are.
STAFF = 6
#: Companies that live at the same time.
WAVE = 20
#: Seconds that the queues may take to become empty; a killed consumer's messages come back after 45.
_PATIENCE = 600
#: Seconds between two checks of whether all is quiet, and how many quiet ones make an end.
_PAUSE, _QUIET = 1.0, 3
#: Most seconds between an administrator's act and the kill that follows it.
_SOON = 0.7

#: How many of the kills are for the functions that are invoked by name, where one of them has work in hand.
_FUNCTIONS = 0.4
#: The functions that an operator or a schedule invokes, by their names in the template.
_INVOKED = ("Operations", "Reconciler", "LogPoller")

Say = Callable[[str], None]


@dataclass
class Company:
    """One run: its people and its group, by number of the run."""

    okta: OktaModel
    genesys: GenesysModel
    number: int
    people: list[str] = field(default_factory=list)
    group: str = ""
    genesys_group: str = ""

    def hire(self) -> None:
        """Everybody is assigned and joins the group."""
        name = f"Crash {self.number}"
        self.genesys_group = self.genesys.add_group(name)
        self.group = self.okta.create_group(name)
        for index in range(STAFF):
            login = f"person{index}.run{self.number}@example.com"
            person = self.okta.create_user({"login": login, "firstName": f"Person{index}", "lastName": "Test"})
            self.people.append(person)
            self.okta.assign_user(person)
        self.okta.add_members(self.group, self.people[1:])

    def changes(self) -> list[Callable[[], object]]:
        """What happens then, in this order."""
        okta, people = self.okta, self.people
        return [
            lambda: okta.update_profile(people[0], {"title": "Adviser"}),
            lambda: okta.suspend(people[1]),
            lambda: okta.deactivate(people[2]),
            lambda: okta.unassign_user(people[3]),
            lambda: okta.remove_members(self.group, [people[4]]),
            lambda: okta.add_members(self.group, [people[0]]),
            lambda: okta.update_profile(people[5], {"title": "Manager", "mobilePhone": "+13175550101"}),
            lambda: okta.unsuspend(people[1]),
        ]

    def end_state(self) -> tuple[object, ...]:
        """What Genesys Cloud holds of the company, without what tells it from another."""
        index = {person: str(number) for number, person in enumerate(self.people)}
        accounts = [user for user in self.genesys.users() if user.get("externalId") in index]
        by_id = {user["id"]: index[user["externalId"]] for user in accounts}
        people = sorted(
            (index[user["externalId"]], user["active"], user.get("title"), len(user.get("phoneNumbers", ())))
            for user in accounts
        )
        return (
            *people,
            tuple(sorted(by_id.get(member, member) for member in self.genesys.members(self.genesys_group))),
        )


class CrashTest:
    """A series of runs on one stack."""

    def __init__(self, stack: Stack, seed: int, say: Say, *, control: bool = False) -> None:
        """`stack` has started, with both simulators; as a `control`, a killed consumer loses what the queues hold."""
        if stack.okta is None or stack.genesys is None:
            raise ValueError("the crash test needs both simulators")
        self._stack = stack
        self._okta, self._genesys = stack.okta, stack.genesys
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._say = say
        self._control = control
        self._began = time.monotonic()
        self.companies: list[Company] = []
        #: Kills by the name of what was killed, and those of them that met work in hand.
        self.killed: Counter[str] = Counter()
        self.in_hand: Counter[str] = Counter()
        self._operator: Thread | None = None

    def wave(self, first: int, count: int) -> None:
        """Hire so many companies, change them, and kill consumers all the while."""
        wave = [Company(self._okta, self._genesys, first + offset) for offset in range(count)]
        self.companies += wave
        for company in wave:
            company.hire()
            self._kill()
        self._settle("hired")
        for changes in zip(*(company.changes() for company in wave), strict=True):
            for change in changes:
                change()
            self._kill()
        for _ in range(count - len(wave[0].changes())):
            self._kill()
        self._settle("changed")
        if self._operator is not None:
            self._operator.join()

    def wrong(self) -> list[str]:
        """What is not as it should be, in words."""
        story = Story({company.group: company.genesys_group for company in self.companies})
        found = differences(self._okta, self._genesys, story)
        found += [f"parked: {each['entity']} ({each['reason']})" for each in self._stack.console.parked()]
        found += [f"held: {each['entity']} ({each['reason']})" for each in self._stack.console.holds()]
        dead = self._stack.depths()["DeadLettersQueue"]
        if sum(dead.values()):
            found.append(f"{sum(dead.values())} items are in the dead letters")
        ends = Counter(company.end_state() for company in self.companies)
        if len(ends) > 1:
            usual = ends.most_common(1)[0][0]
            found += [
                f"run {each.number} ends otherwise: {each.end_state()}"
                for each in self.companies
                if each.end_state() != usual
            ]
        return found

    @property
    def kills(self) -> int:
        """How many there were."""
        return self.killed.total()

    def told(self) -> str:
        """What was killed, and how many of them had a batch or an invocation in hand."""
        return ", ".join(
            f"{name} {count} ({self.in_hand[name]} in hand)" for name, count in sorted(self.killed.items())
        )

    def _kill(self) -> None:
        """Kill a consumer or a function after a moment; an operator asks for something meanwhile."""
        self._operate()
        time.sleep(self._chance.uniform(0.0, _SOON))
        busy = [function for function in self._stack.functions.values() if function.pid and function.busy]
        if busy and self._chance.random() < _FUNCTIONS:
            function = self._chance.choice(busy)
            self._end(function.pid, function.name, in_hand=True)
            return
        pids = self._stack.consumer_pids
        if pids:
            depths = self._stack.depths()
            in_flight = sum(depth["in_flight"] for name, depth in depths.items() if "Dead" not in name)
            self._end(self._chance.choice(pids), "consumers", in_hand=in_flight > 0)
            if self._control:
                self._lose()

    def _end(self, pid: int, name: str, *, in_hand: bool) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended by itself
            return
        self.killed[name] += 1
        self.in_hand[name] += in_hand

    def _lose(self) -> None:
        """The queues forget everything."""
        sqs = self._stack.aws.client("sqs")
        for source in self._stack.template.sources("Consumer"):
            sqs.purge_queue(QueueUrl=self._stack.aws.physical[source.queue])

    def _operate(self) -> None:
        """An operator has everything compared, or somebody synced; one that is killed is asked again another time."""
        if self._control:
            return
        if self._operator is not None and self._operator.is_alive():
            return
        chance, company = self._chance, self._chance.choice(self.companies)
        operations, reconciler, poller = (self._stack.functions[name] for name in _INVOKED)
        person = f"user:{chance.choice(company.people)}" if company.people else ""
        asked: list[Callable[[], object]] = [
            lambda: reconciler.invoke({"do": "start"}),
            lambda: poller.invoke(tick()),
            lambda: operations.invoke({"do": "sync", "entity": person, "apply": True}),
        ]
        self._operator = Thread(target=chance.choice(asked if person else asked[:2]), daemon=True)
        self._operator.start()

    def _settle(self, what: str) -> None:
        began, told, quiet = time.monotonic(), time.monotonic(), 0
        while quiet < _QUIET:
            time.sleep(_PAUSE)
            waiting = sum(sum(depth.values()) for name, depth in self._stack.depths().items() if "Dead" not in name)
            idle = not waiting and self._stack.dispatcher is not None and self._stack.dispatcher.next_due() is None
            quiet = quiet + 1 if idle else 0
            now = time.monotonic()
            if now > began + _PATIENCE:
                raise TimeoutError(f"{waiting} items are still in the queues after {_PATIENCE} s")
            if now > told + 10:
                told = now
                runs = len(self.companies)
                self._say(
                    f"  {now - self._began:.0f} s: run {runs} {what}, {self.kills} kills, {waiting} items in the queues"
                )


def main(arguments: list[str]) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.kills",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=200, help="how many companies (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="decides when which consumer is killed (default 1)")
    parser.add_argument("--control", action="store_true", help="lose what the queues hold: the test must find that")
    asked = parser.parse_args(arguments)
    variables = {
        **{name: value for name, value in os.environ.items() if name not in {"OKTA_ORG_URL", "STATE_DIR"}},
        "LINKED_GROUPS": "Crash *",
        "DEACTIVATION_CEILING_PERCENT": "100",
    }
    switches = OktaSwitches(rate_limits=UNLIMITED, hook_window=0.3, hook_duplicate=0.05, hook_disorder=0.5)
    began = time.monotonic()
    if asked.control:  # queues may be emptied more often than once a minute
        os.environ["MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR"] = "false"
    options = Options(port=free_ports(4), variables=variables)
    if asked.control:
        options = replace(options, catch_up_seconds=3600)  # the schedules come after its end
    with Stack(options, seed=asked.seed, okta_switches=switches) as stack:
        test = CrashTest(stack, asked.seed, say, control=asked.control)
        say(f"The stack stands ({time.monotonic() - began:.0f} s).")
        for first in range(0, asked.runs, WAVE):
            test.wave(first, min(WAVE, asked.runs - first))
            wrong = test.wrong()
            say(f"{len(test.companies)} of {asked.runs} runs, {test.kills} kills, {time.monotonic() - began:.0f} s")
            if wrong:
                break
    say(f"Killed: {test.told()}")
    for line in wrong[:20]:
        say(f"  {line}")
    if asked.control:
        say("The control ends wrong, as it must." if wrong else "The control ends well: this test cannot fail.")
        return 0 if wrong else 1
    if not wrong:
        say("Every company came to the same end state, and Genesys Cloud equals Okta.")
    return 1 if wrong else 0


def say(line: str) -> None:
    """A line for people, at once."""
    print(line, file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
