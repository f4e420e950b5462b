"""What is sent to whom when somebody enters or leaves a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.core.systems import Address
from harness.engage.faulty import Fault, Sending
from harness.engage.identities import Recipient
from harness.engage.ids import Ids
from harness.engage.lists import Lists
from harness.engage.overview import FILTERED_BY_INTEGRATIONS_OBJECT
from harness.engage.payloads import JOURNEY_CALLS, encode, membership, membership_call
from harness.engage.pipeline import Pipeline
from harness.engage.sources import GeneratedSource, GeneratedSources, routing
from harness.engage.steps import Move


class Dispatch:
    """Turns moves into calls of generated sources and changes of lists."""

    def __init__(self, *, space_id: str, ids: Ids, fault: Fault, lists: Lists, pipeline: Pipeline) -> None:
        self._space_id = space_id
        self._ids = ids
        self._fault = fault
        self._lists = lists
        self._pipeline = pipeline
        self._sources = GeneratedSources()
        self._addresses: dict[str, Address] = {}

    @property
    def addresses(self) -> Mapping[str, Address]:
        """The connected destinations by name."""
        return self._addresses

    def connect(self, address: Address) -> None:
        """Connect a destination, or take note of its changes."""
        self._addresses[address.name] = address
        if address.kind == "list":
            self._sources.disconnect(address.name)
        else:
            self._sources.connect(address)

    def moved(self, move: Move) -> None:
        """Tell the step's destinations of `move`."""
        self._send_calls(move)
        self._change_lists(move)

    def left_undeclared(self, move: Move) -> None:
        """Tell them of a leaving that no exit declares: only a fault does."""
        if self._fault.leaving_calls:
            self._send_calls(move)
        if self._fault.leaving_lists:
            self._change_lists(move)

    def _change_lists(self, move: Move) -> None:
        for name in move.step.step.to:
            if self._addresses[name].kind == "list":
                for recipient in self._fault.recipients(move.recipients):
                    self._lists.change(name, move.step.key, recipient, add=move.entered, now=move.at)

    def _send_calls(self, move: Move) -> None:
        for source in self._sources:
            for kind in JOURNEY_CALLS:
                named = [a for a in source.destinations if a.name in move.step.step.to and kind in a.calls]
                for recipient in self._fault.recipients(move.recipients) if named else ():
                    self._generate(source, kind, move, recipient, named)

    def _generate(
        self, source: GeneratedSource, kind: str, move: Move, recipient: Recipient, named: Sequence[Address]
    ) -> None:
        """Generate one event at the source, which offers it to all of its destinations."""
        step = move.step
        message_id = self._ids.message(
            step.journey.id, step.step.name, move.stay, membership(move), kind, str(recipient), str(source.number)
        )
        for address in source.destinations:
            if address not in named:
                tally = self._pipeline.tally(address.name)
                tally.received += 1
                tally.filtered[FILTERED_BY_INTEGRATIONS_OBJECT] += 1
                continue
            call = membership_call(
                kind,
                move,
                recipient,
                space_id=self._space_id,
                message_id=message_id,
                integrations=routing(named),
            )
            sending = Sending(step=step, recipient=recipient, address=address, ids=self._ids)
            for bent in self._fault.calls(call, sending):
                self._pipeline.submit(address.name, self._fault.body(encode(bent)), move.at)
