"""Verbs, exit codes and messages of the entry point."""

from __future__ import annotations

import pytest

from incidentsim import __version__
from incidentsim.cli import main as entry
from incidentsim.errors import BudgetExceeded, DigestMismatch, IncidentSimError, TranscriptError, UsageError
from tests.cli.conftest import CommandLine


def test_version_is_printed(incidentsim: CommandLine) -> None:
    """--version prints the package's version and ends with 0."""
    done = incidentsim("--version")
    assert (done.code, done.out) == (0, f"incidentsim, version {__version__}\n")


@pytest.mark.parametrize("verb", entry.VERBS)
def test_every_verb_has_help(incidentsim: CommandLine, verb: str) -> None:
    """VERB --help ends with 0 and shows its usage."""
    done = incidentsim(verb, "--help")
    assert done.code == 0
    assert f"Usage: incidentsim {verb}" in done.out


def test_a_misspelt_verb_gets_a_suggestion(incidentsim: CommandLine) -> None:
    """An unknown verb ends with 2 and names the nearest one."""
    done = incidentsim("plya")
    assert done.code == 2
    assert "did you mean 'play'?" in done.err


def test_an_unknown_option_is_bad_usage(incidentsim: CommandLine) -> None:
    """An option that a verb hasn't ends with 2, on stderr only."""
    done = incidentsim("doctor", "--nope")
    assert (done.code, done.out) == (2, "")
    assert "--nope" in done.err


def test_without_a_verb_and_a_terminal_it_says_what_to_do(incidentsim: CommandLine) -> None:
    """The home screen needs a terminal; in a pipe the message names --plain."""
    done = incidentsim()
    assert done.code == 2
    assert "--plain" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [(DigestMismatch("m"), 1), (UsageError("m"), 2), (TranscriptError("m"), 3), (BudgetExceeded("m"), 4)],
)
def test_project_errors_become_their_exit_code(
    incidentsim: CommandLine, monkeypatch: pytest.MonkeyPatch, error: IncidentSimError, code: int
) -> None:
    """A project error ends with its own code and one line on stderr, without a traceback."""
    monkeypatch.setattr("incidentsim.cli.verbs.doctor.version_checks", _raising(error))
    done = incidentsim("doctor")
    assert done.code == code
    assert done.err == "incidentsim: m\n"


def test_an_interrupt_ends_with_130(incidentsim: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends with 130 and no traceback."""
    monkeypatch.setattr("incidentsim.cli.verbs.doctor.version_checks", _raising(KeyboardInterrupt()))
    done = incidentsim("doctor")
    assert (done.code, done.err.strip()) == (130, "interrupted")


def test_a_bug_is_not_mistaken_for_a_finding(incidentsim: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception ends with 70, one line, and how to see the traceback."""
    monkeypatch.setattr("incidentsim.cli.verbs.doctor.version_checks", _raising(RuntimeError("\x1b[31mboom")))
    done = incidentsim("doctor")
    assert done.code == 70
    assert "\x1b" not in done.err
    assert "INCIDENTSIM_DEBUG=1" in done.err


def _raising(error: BaseException):  # type: ignore[no-untyped-def]
    def fail() -> None:
        raise error

    return fail
