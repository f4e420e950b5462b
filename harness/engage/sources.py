"""Generated sources: what carries a journey's calls to its event destinations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.core.systems import Address

WAREHOUSES = "Warehouses"


def integration_name(address: Address) -> str:
    """The name by which `integrations` routes to a destination: the declared one, else `My Crm` for `my-crm`.

    All warehouses share one, and so each is on a source of its own.
    """
    if address.kind == "warehouse":
        return WAREHOUSES
    return address.integration or address.name.replace("-", " ").replace("_", " ").title()


class GeneratedSource:
    """A source made by the space, connected to at most one destination of each integration type."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._by_integration: dict[str, Address] = {}

    @property
    def destinations(self) -> Iterable[Address]:
        """All that it is connected to: each is offered all of its calls."""
        return self._by_integration.values()

    def has_room(self, address: Address) -> bool:
        """Whether no other destination of that type is connected."""
        other = self._by_integration.get(integration_name(address))
        return other is None or other.name == address.name

    def connect(self, address: Address) -> None:
        """Connect the destination, or take note of its changes."""
        self.disconnect(address.name)
        self._by_integration[integration_name(address)] = address

    def disconnect(self, name: str) -> None:
        """Forget the destination of that name, where there is one."""
        self._by_integration = {key: held for key, held in self._by_integration.items() if held.name != name}


class GeneratedSources:
    """All generated sources; a destination is on exactly one, the first that has room."""

    def __init__(self) -> None:
        self._sources: list[GeneratedSource] = []

    def __iter__(self) -> Iterator[GeneratedSource]:
        return iter(self._sources)

    def connect(self, address: Address) -> None:
        """Put the destination on a source, a new one where none has room."""
        source = next((source for source in self._sources if source.has_room(address)), None)
        if source is None:
            source = GeneratedSource(len(self._sources) + 1)
            self._sources.append(source)
        self.disconnect(address.name)
        source.connect(address)

    def disconnect(self, name: str) -> None:
        """Take the destination of that name off its source."""
        for source in self._sources:
            source.disconnect(name)


def routing(named: Iterable[Address]) -> Mapping[str, object]:
    """The `integrations` object that lets a call through to the `named` destinations and no others."""
    names = [integration_name(address) for address in named]
    others = {name: True for name in names if name != WAREHOUSES}
    return {"All": False, **others, WAREHOUSES: {"all": WAREHOUSES in names}}
