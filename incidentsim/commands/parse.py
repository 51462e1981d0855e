"""Text to `Command`: the grammar of the command line, driven by `specs.verbs.VERBS`.

Called by the session for every submitted line, by policies' scripts and by scenario validation. A line that
can't be understood raises CommandError with what is wrong, what is expected and a suggestion.
"""

from __future__ import annotations

from incidentsim.commands.help import usage
from incidentsim.commands.lex import Piece, options_of, scan
from incidentsim.commands.model import Command
from incidentsim.commands.names import closest, find_verb, listing, shorten
from incidentsim.commands.validate import VALIDATORS, Context
from incidentsim.errors import CommandError
from incidentsim.specs.verbs import BECAUSE, Argument, VerbSpec
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.text import clean

MAX_INPUT_CODE_POINTS = 2_000
"""Longest command line accepted; longer than any command, shorter than what a paste by accident brings."""


def parse(text: str, vocabulary: Vocabulary) -> Command:
    """Return the command that `text` says, with normalised arguments. Raises CommandError."""
    if len(text) > MAX_INPUT_CODE_POINTS:
        raise CommandError(f"the line has {len(text)} characters; a command has at most {MAX_INPUT_CODE_POINTS}")
    line = clean(text, limit=MAX_INPUT_CODE_POINTS).strip()
    if not line:
        raise CommandError("there is no command; type one, for example `alerts`")
    word = line.split(maxsplit=1)[0]
    spec = find_verb(word)
    given = _collect(scan(line, len(word), spec), spec)
    missing = next((a for a in spec.arguments if a.required and a.name not in given), None)
    if missing is not None:
        raise _wrong(spec, f"<{missing.name}> is missing: {missing.help.rstrip('.')}")
    return _build(given, spec, vocabulary)


def check(argument: Argument, value: str, context: Context) -> str:
    """Return the normalised text of one argument. Raises CommandError, whatever the validator found."""
    try:
        return VALIDATORS[argument.kind](value, context)
    except ValueError as wrong:
        raise CommandError(str(wrong)) from wrong


def _collect(pieces: list[Piece], spec: VerbSpec) -> dict[str, Piece]:
    given: dict[str, Piece] = {}
    for piece in pieces:
        if piece.role == "unknown_option":
            options = [f"--{name}" for name in options_of(spec)]
            takes = f"it takes {listing(options)}" if options else "it takes no options"
            raise _wrong(
                spec,
                f"there is no option --{shorten(piece.name)}; {takes}",
                suggestion=closest(f"--{piece.name}", options),
            )
        if piece.role == "extra":
            hint = "; put a reason of several words in quotes" if BECAUSE.name in given else ""
            raise _wrong(spec, f"{shorten(piece.value)!r} is one argument too many{hint}")
        if piece.problem:
            raise _wrong(spec, piece.problem)
        if piece.name in given:
            raise _wrong(spec, f"--{piece.name} is given twice")
        if piece.role != "argument" or piece.value or (piece.argument and piece.argument.required):
            given[piece.name] = piece
    return given


def _build(given: dict[str, Piece], spec: VerbSpec, vocabulary: Vocabulary) -> Command:
    args: dict[str, str] = {}
    for argument in (*spec.arguments, *spec.options):
        piece = given.get(argument.name)
        if piece is None:
            continue
        shown = f"--{argument.name}" if piece.role == "option" else f"<{argument.name}>"
        try:
            args[argument.name] = check(argument, piece.value, Context(vocabulary=vocabulary, args=args))
        except CommandError as wrong:
            raise _wrong(spec, f"{shown}: {wrong.args[0]}", suggestion=wrong.suggestion) from wrong
    reason = given.get(BECAUSE.name)
    return Command(
        verb=spec.name,
        args=args,
        because=reason.value.strip() if reason else "",
        dry_run="dry-run" in given,
    )


def _wrong(spec: VerbSpec, reason: str, *, suggestion: str = "") -> CommandError:
    """Return the error for a line of `spec`: the reason, then what the verb expects."""
    text = f"{spec.name}: {reason}. Usage: {usage(spec.name)}."
    if spec.example and spec.example != spec.name:
        text += f" Example: {spec.example}"
    return CommandError(text, suggestion=suggestion)
