"""The control API: all that is served below `/_harness`."""

from __future__ import annotations

from harness.adapters.server.asking import Controlled, ReadSetup
from harness.adapters.server.deliveries_view import DeliveriesView
from harness.adapters.server.delivery_stream import DeliveryStream
from harness.adapters.server.destination_control import DestinationControl
from harness.adapters.server.ledger_control import LedgerControl
from harness.adapters.server.list_control import ListControl
from harness.adapters.server.routes import Route
from harness.adapters.server.run_control import RunControl
from harness.adapters.server.service_control import ServiceControl


class ControlApi:
    """The routes below `/_harness`, and what they say of themselves."""

    def __init__(self, server: Controlled, read: ReadSetup) -> None:
        """Serve what `server` holds."""
        self._stream = DeliveryStream(server)
        self._parts = (
            RunControl(server, read),
            DestinationControl(server, read),
            DeliveriesView(server),
            self._stream,
            ListControl(server),
            LedgerControl(server),
            ServiceControl(server, lambda: self._stream.open),
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [route for part in self._parts for route in part.routes()]
