"""A crowd of users through an outage of four hours, on a virtual clock: how long that really takes.

    python benchmarks/outage.py [--users 100000] [--over-http 2000] [--json]

In process, the requests of the simulated space go straight to the destination, which reads, checks and answers each of
them; what was received is counted and not kept. Users enter over the first hour of the outage. Over HTTP, a scenario
with fewer users is played by `harness run`.

The bar was set on a machine that parses a call in 1.3 us. How long this one takes for that, in the same run, is printed
too, and what the time in process would be with such a parse.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.http_load import PAYLOAD
from harness.adapters.contract_files import DEFAULT_CONTRACT, load_contract
from harness.core.behaviours import behaviour
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Respond
from harness.core.destinations.destination import Destination
from harness.core.instants import HOUR, parse_instant
from harness.core.journeys import Journey, SendStep
from harness.core.profiles import Profile
from harness.core.reception import Past, receive
from harness.core.systems import Address
from harness.engage.retries import Answer
from harness.engage.space import Space

CHECKOUT = Path(__file__).resolve().parent.parent
START = parse_instant("2026-01-01T00:00:00Z")
BAR = 60.0
"""Seconds for 100,000 users in process."""
PARSE = 1.3
"""Microseconds that a bare parse of a call takes where the bar was set."""
SCENARIO = """\
version: 1
scenario: A crowd waits for the end of an outage
profiles: {{crowd: {{faker: {{count: {users}}}}}}}
destinations: {{crm: {{kind: event, calls: [identify], replies: {{outage: {{until: 3h, reply: 503}}}}}}}}
journeys: {{winback: {{name: Win-back, steps: [{{send_to_destinations: {{name: New users, to: [crm]}}}}]}}}}
do: [{{enter: {{journey: winback, step: New users, profiles: crowd}}}}, {{settle: {{within: 10m}}}}]
expect: [{{received: {{to: crm, count: {users}}}}}]
"""


_LOOK = 500
_CALL = json.dumps(PAYLOAD).encode()


def parse_microseconds() -> float:
    """What a bare parse of a call takes just now."""
    begun = time.perf_counter()
    for _ in range(1_000):
        orjson.loads(_CALL)
    return (time.perf_counter() - begun) * 1_000


class InProcess:
    """A space and the destination that it sends to, with no network between them."""

    def __init__(self, users: int) -> None:
        self.users = users
        self.space = Space(start=START, seed=1)
        self.space.connect(Address(name="crm", kind="event", url="http://crm.test", calls=("identify",)))
        step = SendStep(name="New users", to=("crm",))
        journey = Journey(id="winback", name="Win-back", steps=(step,))
        self.space.publish(journey)
        self.crm = Destination(
            name="crm", kind="event", calls=("identify",), behaviour=behaviour({"outage": {"until": "4h"}})
        )
        self.past = Past()
        self.past.begin(START)
        self.checker = Checker(load_contract(DEFAULT_CONTRACT), Declarations([journey], [], complete=True))
        self.attempts = self.accepted = self.wrong = 0
        self.parses: list[float] = []

    def play(self) -> None:
        """Let all users enter, each at a time of its own, and send until nothing is to be sent any more."""
        for number in range(self.users):
            self.advance_to(START + HOUR * number // self.users)
            if number % _LOOK == 0:
                self.parses.append(parse_microseconds())
            profile = Profile(name=f"p{number}", user_id=f"u{number}", emails=(f"u{number}@example.com",))
            self.space.enter("winback", "New users", profile)
        self.advance_to(START + 10 * HOUR)

    def advance_to(self, end: int) -> None:
        """Do all that falls due until then."""
        while (due := self.space.next_due()) is not None and due <= end:
            for request in self.space.take_due(due):
                self.space.answered(request, Answer(status=self.answer(request.body, due)), due)
        self.space.reach(end)

    def answer(self, body: bytes, now: int) -> int:
        """The destination's status for a body that comes at that time."""
        self.attempts += 1
        arrival = Arrival("crm", "POST", "/destinations/crm", (), body, now, now)
        delivery = receive(arrival, self.crm, self.past, self.checker, run="outage", number=self.attempts)
        self.wrong += len(delivery.violations)
        self.accepted += delivery.accepted
        return delivery.reply.status if isinstance(delivery.reply, Respond) else 0


def in_process(users: int) -> dict[str, Any]:
    """The figures of so many users without a network."""
    playing = InProcess(users)
    begun = time.perf_counter()
    playing.play()
    seconds = time.perf_counter() - begun
    if playing.accepted + _given_up(playing) != users or playing.wrong:
        raise SystemExit(f"{playing.accepted} of {users} users were accepted, with {playing.wrong} violations")
    seconds -= sum(playing.parses) / 1_000
    parse = statistics.median(playing.parses)
    return {
        "users": users,
        "attempts": playing.attempts,
        "accepted": playing.accepted,
        "seconds": seconds,
        "parse_microseconds": parse,
        "seconds_at_the_bar": seconds * PARSE / parse * 100_000 / users,
    }


def _given_up(playing: InProcess) -> int:
    return sum(playing.space.overview("crm").failed.values())


def over_http(users: int) -> dict[str, Any]:
    """The figures of so many users in a scenario, its start included."""
    with tempfile.TemporaryDirectory(prefix="outage-") as folder:
        file = Path(folder, "crowd.scenario.yaml")
        file.write_text(SCENARIO.format(users=users), "utf-8")
        begun = time.perf_counter()
        command = [sys.executable, "-m", "harness", "run", str(file), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=CHECKOUT)
        seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"the scenario did not pass:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    counts = json.loads(done.stdout)["scenarios"][0]["counts"]
    return {"users": users, "attempts": counts["deliveries"], "accepted": counts["accepted"], "seconds": seconds}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--over-http", type=int, default=2_000, help="users of the scenario (default: 2,000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    figures = {"in process": in_process(max(1, asked.users)), "over HTTP": over_http(max(1, asked.over_http))}
    if asked.json:
        print(json.dumps(figures))
        return
    for way, found in figures.items():
        rate = found["attempts"] / found["seconds"]
        print(
            f"  {way:10}  {found['users']} users, {found['attempts']} attempts, {found['accepted']} accepted "
            f"in {found['seconds']:.1f} s: {rate:.0f} attempts a second"
        )
    mine = figures["in process"]
    print(f"  a bare parse of a call takes {mine['parse_microseconds']:.1f} us here; with one of {PARSE} us,")
    print(f"  100,000 users in process would take {mine['seconds_at_the_bar']:.0f} s; bar: {BAR:.0f} s")


if __name__ == "__main__":
    main()
