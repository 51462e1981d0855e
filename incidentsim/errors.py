"""One tree of project exceptions, each with the exit code the command line ends with.

Raised everywhere, caught in `incidentsim.cli`, which prints the message and never a traceback.
A message says what is wrong, where, and how to fix it.
"""

from __future__ import annotations


class IncidentSimError(Exception):
    """Base of everything this project raises on purpose."""

    exit_code = 2


class UsageError(IncidentSimError):
    """A command line, option or input file that can't be used."""

    exit_code = 2


class CommandError(IncidentSimError):
    """An in-session command that can't be understood or carried out; nothing was changed.

    `suggestion` is a corrected command or name, empty when there is none.
    """

    def __init__(self, message: str, *, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} (did you mean {self.suggestion!r}?)" if self.suggestion else text


class QueryError(CommandError):
    """A PromQL or log-filter text that can't be parsed or evaluated."""


class ScenarioError(IncidentSimError):
    """A scenario file that is not valid; the message lists every problem, one a line."""

    exit_code = 2


class TranscriptError(IncidentSimError):
    """A transcript that can't be read, or whose chain is broken."""

    exit_code = 3


class DigestMismatch(IncidentSimError):
    """A replay that differs from what was recorded, or a check that found something."""

    exit_code = 1


class BudgetExceeded(IncidentSimError):
    """The world used more events, log lines or bytes than its limits allow."""

    exit_code = 4
