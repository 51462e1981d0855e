"""The entry point: verbs that load on demand, and exit codes.

`incidentsim --help` loads click and this file and nothing else of weight: each verb is a module of
`incidentsim.cli.verbs`, imported when it is called. Every project error ends here as one message on stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

import click

from incidentsim import __version__
from incidentsim.errors import IncidentSimError

VERBS = {
    "play": "Play an incident in the terminal, or line by line with --plain.",
    "run": "Run an incident headless, with a scripted player or a script.",
    "replay": "Print a session again, up to any moment, or run it on today's engine.",
    "verify": "Check a transcript: its chain, its engine, and its digests.",
    "score": "Score transcripts and explain the score.",
    "postmortem": "Write a postmortem, and check it: facts, causes, and whether its action items would have helped.",
    "report": "Write a report of one play, for people who were not there.",
    "runbook": "Test runbooks by letting a scripted on-call follow them.",
    "scenario": "List, show, check, certify and write scenarios.",
    "sweep": "Play scenarios with scripted players over seeds, on local processes or a Dask cluster.",
    "bench": "Measure speed and fidelity against the goals of the design.",
    "doctor": "Say how incidentsim sees this machine, its settings and its data.",
}
"""Every verb with its one-line help: known without importing the verb."""

INTERNAL_ERROR = 70
"""Exit code of a bug in incidentsim itself (EX_SOFTWARE of sysexits.h)."""

INTERRUPTED = 130
DEBUG_VARIABLE = "INCIDENTSIM_DEBUG"


class LazyGroup(click.Group):
    """A group whose verbs are imported when they are used. A misspelt verb gets a suggestion."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which they are met."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"incidentsim.cli.verbs.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of a command line. Raises UsageError with the nearest verb for an unknown one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            close = get_close_matches(args[0], VERBS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"verbs are {', '.join(VERBS)}"
            raise click.UsageError(f"There is no verb {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs and their help without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="incidentsim")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A live, causal, replayable incident simulator for people who run LLM and ML serving systems.

    Without a verb it opens the home screen.
    """
    if ctx.invoked_subcommand is None:
        from incidentsim.cli.verbs.play import open_terminal

        open_terminal()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; every expected failure is one message on stderr."""
    try:
        outcome = cli.main(args=arguments, prog_name="incidentsim", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except IncidentSimError as wrong:
        return _report(str(wrong), wrong.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no complaint at exit
        return 0
    except OSError as wrong:
        return _report(str(wrong), IncidentSimError.exit_code)
    except Exception as bug:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        what = f"internal error: {type(bug).__name__}: {bug}"
        return _report(f"{what}; set {DEBUG_VARIABLE}=1 to see where, and please report it", INTERNAL_ERROR)


def _report(message: str, code: int) -> int:
    """Print a message that may quote untrusted files, and return `code`."""
    from incidentsim.text import clean

    print(f"incidentsim: {clean(message, limit=20_000, keep_newlines=True)}", file=sys.stderr)
    return code
