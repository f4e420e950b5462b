"""The command and its subcommands, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import traceback

import click
from msgspec import Struct

from harness import __version__
from harness.cli.exits import EXIT_HARNESS, EXIT_USAGE, UsageFault
from harness.cli.lazy import LazyGroup
from harness.cli.say import say, say_error
from harness.core.documents import DocumentError, DocumentErrors

DEBUG = "HARNESS_DEBUG"
"""The environment variable that asks for tracebacks."""


class Options(Struct):
    """What holds for every command."""

    debug: bool = False


@click.group(
    cls=LazyGroup,
    summaries={
        "run": "Play scenarios and judge what arrived.",
        "serve": "Run the mock destination server until it is interrupted.",
        "wait-ready": "Wait until a server is ready.",
        "check": "Judge captured traffic.",
        "ledger": "Export, import and list what a ledger file holds.",
        "validate": "Read scenario, contract and configuration files without running anything.",
        "mutate": "Run scenarios against faulty senders, and tell which each catches.",
        "contracts": "List the contract families; show, compare or detect them.",
        "explain": "Explain a rule, or list all rules.",
        "schema": "Print the JSON Schema of one kind of our own files.",
        "init": "Write a starter scenario, a destinations config and a CI snippet.",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="harness")
@click.option("--debug", is_flag=True, help=f"Show the traceback where the harness fails; so does {DEBUG}=1.")
@click.pass_obj
def harness(options: Options, debug: bool) -> None:
    """Prove that a journey system sends the right data to its destinations."""
    options.debug |= debug


def main() -> int:
    """Run the command that argv names, and return its exit code."""
    options = Options(debug=os.environ.get(DEBUG, "0") not in ("", "0"))
    try:
        return int(harness.main(standalone_mode=False, obj=options) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.ctx.get_help())
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
    except Exception as error:  # noqa: BLE001 - the last place where a person can be told in words
        return _harness_failed(error, options)


def _harness_failed(error: Exception, options: Options) -> int:
    say_error(f"the harness itself failed: {type(error).__name__}: {error}")
    if options.debug:
        say("".join(traceback.format_exception(error)).rstrip())
    else:
        say(f"  help: this is a fault of the harness; {DEBUG}=1 shows its traceback, for the report")
    return EXIT_HARNESS
