"""The command and its subcommands."""

from __future__ import annotations

import sys

import click

from harness import __version__
from harness.cli.exits import EXIT_HARNESS, EXIT_USAGE, UsageFault
from harness.cli.run_command import run
from harness.cli.say import say_error
from harness.cli.serve_command import serve
from harness.core.documents import DocumentError, DocumentErrors


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def harness() -> None:
    """Prove that a journey system sends the right data to its destinations."""


for command in (run, serve):
    harness.add_command(command)


def main() -> int:
    """Run the command that argv names, and return its exit code."""
    try:
        return int(harness.main(standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        return EXIT_USAGE
    except click.ClickException as error:
        error.show(sys.stderr)
        return EXIT_USAGE
    except (DocumentError, DocumentErrors, UsageFault) as error:
        say_error(str(error))
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        say_error("interrupted")
        return EXIT_HARNESS
