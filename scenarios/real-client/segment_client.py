"""An unmodified Segment client library as the source of a space: what your own application would run."""

from __future__ import annotations

from segment.analytics.client import Client


def send(host: str, write_key: str) -> None:
    """Identify a customer and track their order, in one compressed batch, as the library does by itself."""
    client = Client(write_key, host=host, gzip=True)
    client.identify("u1", {"email": "alex@example.com", "plan": "free"})
    client.track("u1", "Product Viewed", {"sku": "A-1"})
    client.track("u1", "Order Completed", {"sku": "A-1", "total": 42.5})
    client.flush()
    client.join()
