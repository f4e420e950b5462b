"""Profiles: what they can be known by."""

from __future__ import annotations

from harness.core.profiles import Profile


def test_a_profile_is_known_by_its_ids_and_emails() -> None:
    """Every id and every email identifies a profile, and what it has not does not."""
    profile = Profile(name="alex", user_id="u1", emails=("a@example.com", "b@example.com"))
    assert profile.identifiers == {"u1", "a@example.com", "b@example.com"}


def test_a_profile_without_identifiers_is_known_by_nothing() -> None:
    """The name by which a scenario calls a profile is no identifier, and neither is an empty one."""
    assert Profile(name="nobody", user_id="", anonymous_id=None).identifiers == frozenset()
