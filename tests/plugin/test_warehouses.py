"""Warehouses of the fixture `destinations`."""

from __future__ import annotations

from tests.plugin.conftest import Play


def test_a_space_fills_a_warehouse(play: Play) -> None:
    """The rows of a journey are there as soon as the space has settled."""
    play("""
def test_it(destinations, engage_space):
    snowflake = destinations.warehouse("snowflake", replies=[503, 200])
    keys = engage_space.publish("winback", steps={"New users": snowflake})
    engage_space.enter("winback", "New users", "u1", "u2")
    engage_space.settle()
    column = keys["New users"].replace("__", "_")
    found = snowflake.rows(f"select user_id, {column} as member from audience_entered order by user_id")
    assert found == [{"user_id": "u1", "member": "true"}, {"user_id": "u2", "member": "true"}]
    assert snowflake.deliveries[0].payloads[0]["integrations"] == {"All": False, "Warehouses": {"all": True}}
""").assert_outcomes(passed=1)


def test_a_query_that_fails_fails_the_test_with_the_tables(play: Play) -> None:
    """The message names what is wrong, and the tables that are there."""
    result = play("""
def test_it(destinations):
    snowflake = destinations.warehouse("snowflake")
    post(snowflake.url, {"batch": [track()]})
    snowflake.rows("select * from track")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *the query in snowflake failed: no such table: track; engage_snowflake has the tables *, tracks (1)"]
    )


def test_rows_that_are_not_loaded_fail_a_test_that_never_asks(play: Play) -> None:
    """A database that cannot be used is told at the end, whatever the test looked at."""
    result = play("""
def test_it(destinations):
    post(destinations.warehouse("snowflake", url="sqlite:missing/x.db").url, track())
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*snowflake: SQLite database missing/x.db: unable to open database*"])


def test_a_warehouse_is_refused_what_is_wrong(play: Play) -> None:
    """Settings are read as those of a scenario, with the same words."""
    play("""
def test_it(destinations):
    for settings, told in (
        ({"url": "http://127.0.0.1/x"}, "a warehouse needs a database"),
        ({"schema": "main"}, "SQLite has 'main' for itself"),
        ({"selective_sync": {"tabels": ["tracks"]}}, "did you mean 'tables'?"),
    ):
        with pytest.raises(ValueError, match=told.replace("?", ".")):
            destinations.warehouse("snowflake", **settings)
""").assert_outcomes(passed=1)
