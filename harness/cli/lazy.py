"""A command group that imports a command only when it is called: starting is fast, and `--help` imports none."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Mapping
from typing import Any

import click

from harness.core.spelling import near_miss


class LazyGroup(click.Group):
    """A group of commands, each in a module `harness.cli.<name>_command` under its own name."""

    def __init__(self, *, summaries: Mapping[str, str], **settings: Any) -> None:
        """Know the commands by name, each with the line that `--help` shows: the first of its docstring."""
        super().__init__(**settings)
        self.summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order that a person meets them."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in self.summaries:
            return None
        module = cmd_name.replace("-", "_")
        gc.disable()  # Importing leaves nothing to collect, and looking for it again and again takes a while.
        try:
            command = getattr(importlib.import_module(f"harness.cli.{module}_command"), module)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but with a hint at what an unknown command may have been meant to be."""
        if args and not args[0].startswith("-") and args[0] not in self.summaries:
            ctx.fail(f"No such command {args[0]!r}{near_miss(args[0], self.summaries)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))
