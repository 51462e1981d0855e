"""`Command` back to text: the inverse of the grammar.

Used where a command that was made, not typed, is shown or recorded: `undo`, policies, debrief, transcripts as
scripts. `parse(format_command(c), vocabulary) == c` for every command that the grammar can produce.
"""

from __future__ import annotations

from incidentsim.commands.lex import quote_rest, quote_word
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.specs.verbs import BECAUSE, VERBS, Argument


def format_command(command: Command) -> str:
    """Return the line that `parse` reads as `command`. Raises CommandError for an unknown verb."""
    spec = VERBS.get(command.verb)
    if spec is None:
        raise CommandError(f"there is no command called {command.verb!r}")
    parts = [spec.name]
    for argument in spec.arguments:
        if argument.name in command.args:
            value = _typed(argument, command.args[argument.name])
            parts.append(quote_rest(value, argument, spec) if argument.rest else quote_word(value))
    for option in spec.options:
        if option.name in command.args:
            parts.append(f"--{option.name} {quote_word(_typed(option, command.args[option.name]))}")
    if command.because:
        parts.append(f"--{BECAUSE.name} {quote_word(command.because)}")
    if command.dry_run:
        parts.append("--dry-run")
    return " ".join(parts)


def _typed(argument: Argument, value: str) -> str:
    """Return how a person types what is recorded as `value`: only percentages are recorded otherwise."""
    return format_percent(int(value)) if argument.kind == "percent" else value


def format_percent(ppm: int) -> str:
    """Return parts per million as a percentage without trailing zeros: `12.5%`."""
    text = f"{ppm // 10_000}.{ppm % 10_000:04d}".rstrip("0").rstrip(".")
    return f"{text}%"
