"""Crowds of made-up people, by Faker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.core.profiles import Profile

if TYPE_CHECKING:
    from faker import Faker

DEFAULT_LOCALE = "en_US"


def make_crowd(name: str, count: int, seed: int, locale: str | None) -> Sequence[Profile]:
    """`count` people, the same for the same seed and locale; ValueError where Faker does not know the locale.

    Faker makes their names and traits; ids and emails carry the crowd's name and an index, so that nobody merges
    with anybody by chance.
    """
    from faker import Faker  # its import takes longer than all of ours, and few scenarios need it

    try:
        faker = Faker(locale or DEFAULT_LOCALE)
    except AttributeError as error:
        raise ValueError(f"Faker knows no locale {locale!r}: write one such as en_US or de_DE") from error
    faker.seed_instance(seed)
    return tuple(_people(faker, name, count))


def _people(faker: Faker, name: str, count: int) -> Iterator[Profile]:
    for index in range(1, count + 1):
        first, last = faker.first_name(), faker.last_name()
        yield Profile(
            name=f"{name}-{index}",
            user_id=f"{name}-{index}",
            emails=(f"{name}-{index}@example.com",),
            traits={"firstName": first, "lastName": last, "city": faker.city(), "phone": faker.phone_number()},
        )
