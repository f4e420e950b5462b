"""What `harness mutate --json` prints: one object."""

from __future__ import annotations

from typing import Any

from harness.core.kills import Column, Kills, Mutant, Sign

_WORDS = {Sign.RULE: "rule", Sign.EXPECTATION: "expectation", Sign.MISSED: "missed", Sign.SAME: "same"}


def mutant_record(mutant: Mutant) -> dict[str, Any]:
    """One mutant."""
    return {"name": mutant.name, "rule": mutant.rule, "sentence": mutant.sentence}


def kills_report(kills: Kills, threshold: float) -> dict[str, Any]:
    """The table: for each mutant, what each scenario made of it."""
    return {
        "verdict": "passed" if kills.percent >= threshold else "failed",
        "percent": kills.percent,
        "threshold": threshold,
        "scenarios": [_scenario(column) for column in kills.columns],
        "mutants": [
            {**mutant_record(mutant), "signs": [_WORDS[sign] for sign in kills.row(index)]}
            for index, mutant in enumerate(kills.mutants)
        ],
        "not_caught": [mutant.name for mutant in kills.slipped],
        "unexercised_rules": kills.unexercised,
    }


def _scenario(column: Column) -> dict[str, Any]:
    return {
        "file": column.file,
        "line": column.line,
        "name": column.title,
        "caught": column.caught,
        "nothing_to_catch": column.idle,
    }
