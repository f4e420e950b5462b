"""An unmodified Segment client library that is told to wait half a second for an answer, instead of fifteen."""

from __future__ import annotations

from segment.analytics.client import Client


def send(host: str, write_key: str) -> None:
    """Track two orders, and return when all that was queued is delivered or given up."""
    client = Client(write_key, host=host, timeout=0.5, upload_interval=0.1)
    for number in (1, 2):
        client.track("u1", "Order Completed", {"sku": "A-1", "number": number})
    client.flush()
    client.join()
