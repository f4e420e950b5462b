"""What `harness mutate` prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.core.kills import Column, Kills, Mutant

_LEGEND = "r the rule caught it   e an expectation did   . not caught   - the fault did not show"


def faults_text(mutants: Sequence[Mutant]) -> str:
    """All mutants, one in a line: name, what must catch it, and what it does wrong."""
    return "\n".join(_rows((each.name, each.catcher, each.sentence) for each in mutants))


def kills_text(kills: Kills) -> str:
    """The table of mutants and scenarios, with what it leaves open below."""
    return "\n".join([*_table(kills), "", *_scenarios(kills), "", *_open(kills), _sum(kills)])


def _table(kills: Kills) -> Iterator[str]:
    numbers = [str(number) for number in range(1, len(kills.columns) + 1)]
    height = len(numbers[-1])
    heads = ["".join(digits) for digits in zip(*(number.rjust(height) for number in numbers), strict=True)]
    titles = [("", "", head) for head in heads[:-1]] + [("mutant", "caught by", heads[-1])]
    signs = [(each.name, each.catcher, "".join(kills.row(i))) for i, each in enumerate(kills.mutants)]
    yield from _rows([*titles, *signs])
    yield _LEGEND


def _scenarios(kills: Kills) -> Iterator[str]:
    rows = [(str(number), _counted(column), _named(column)) for number, column in enumerate(kills.columns, 1)]
    return _rows([("scenario", "catches", ""), *rows])


def _counted(column: Column) -> str:
    return "nothing to catch" if column.idle else str(column.caught)


def _named(column: Column) -> str:
    return f"{column.file}:{column.line}  {column.title}"


def _open(kills: Kills) -> Iterator[str]:
    for mutant in kills.slipped:
        yield f"NOT CAUGHT  {mutant.name}, by {mutant.catcher}: {mutant.sentence}"
    for column in kills.blind:
        yield f"CATCHES NONE  {_named(column)}"
    for rule in kills.unexercised:
        yield f"NO SCENARIO FOR  the rule {rule}"


def _sum(kills: Kills) -> str:
    number = len(kills.mutants)
    return f"{number - len(kills.slipped)} of {number} mutants caught ({kills.percent:.4g} %)"


def _rows(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    known = list(rows)
    first, second = (max(len(row[place]) for row in known) for place in (0, 1))
    for row in known:
        yield f"{row[0]:{first}}  {row[1]:{second}}  {row[2]}".rstrip()
