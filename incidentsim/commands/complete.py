"""Completion of the command line: what can stand at the cursor, with help, and what is wrong so far.

Called by the terminal after every key and by plain mode on tab. It reads a line exactly as the parser does
(`lex.scan`), never raises for what a person typed, and looks at nothing but the line, the session's
vocabulary and the lines typed before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from incidentsim.commands.candidates import CANDIDATES, describe_knob
from incidentsim.commands.help import usage
from incidentsim.commands.items import MAX_ITEMS, Completion, CompletionItem, rank, recency
from incidentsim.commands.lex import QUOTES, Piece, options_of, quote_word, scan
from incidentsim.commands.names import find_verb
from incidentsim.commands.parse import MAX_INPUT_CODE_POINTS, check
from incidentsim.commands.signal_words import Words, filter_words, promql_words
from incidentsim.commands.validate import Context, knob_of
from incidentsim.errors import CommandError
from incidentsim.specs.verbs import VERBS, Argument, VerbSpec
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.text import clean

__all__ = ["Completion", "CompletionItem", "complete"]

_HISTORY_OFFERS = 5
"""Former lines offered as a whole while the verb is typed."""

_WORD_TAIL = re.compile(r"\S*")
_IDENTIFIER_TAIL = re.compile(r"[A-Za-z0-9_:]*")
_OPTION_BEGUN = re.compile(r"(?<!\S)(--?[A-Za-z0-9-]*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """The place at the cursor: which argument is typed there, from where, what there is of it.

    `argument` is None where only options fit. `options` says whether an option may stand here too.
    """

    argument: Argument | None
    start: int
    typed: str
    options: bool = False
    problem: str = ""


def complete(text: str, cursor: int, vocabulary: Vocabulary, history: Sequence[str] = ()) -> Completion:
    """Return the offers at `cursor` (a code point index into `text`), at most 30, the best first."""
    cursor = min(max(cursor, 0), len(text))
    if len(text) > MAX_INPUT_CODE_POINTS:
        problem = f"a command has at most {MAX_INPUT_CODE_POINTS} characters"
        return Completion(start=cursor, end=cursor, problem=problem)
    left = text[:cursor]
    words = left.split(maxsplit=1)
    verb_start = len(left) - len(left.lstrip())
    if not words or len(words[0]) == len(left) - verb_start:
        return _complete_verb(text, cursor, verb_start, history)
    try:
        spec = find_verb(words[0])
    except CommandError as wrong:
        return Completion(start=cursor, end=cursor, problem=clean(str(wrong)))
    pieces = scan(left, verb_start + len(words[0]), spec)
    current = pieces[-1] if pieces and pieces[-1].end == len(left) else None
    finished = pieces[:-1] if current else pieces
    context, problem = _validated(finished, spec, vocabulary)
    slot = _slot(left, pieces, current, spec)
    return _complete_slot(text, cursor, spec, slot, _Known(context, pieces, problem, recency(history)))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the line before the cursor says: validated arguments, pieces, its problem; and recent words."""

    context: Context
    pieces: Sequence[Piece]
    problem: str
    recent: Mapping[str, int]


def _complete_verb(text: str, cursor: int, start: int, history: Sequence[str]) -> Completion:
    typed = text[start:cursor]
    offers = [
        CompletionItem(text=spec.name, help=spec.help, danger=spec.danger, kind="verb") for spec in VERBS.values()
    ]
    items = rank(offers, typed, recency(history))
    end = _tail_end(text, cursor, _WORD_TAIL)
    if typed and not text[cursor:].strip():
        former = [line for line in reversed(history) if line.startswith(typed) and line != typed]
        lines = [CompletionItem(text=line, help="from your history", kind="history") for line in dict.fromkeys(former)]
        items = items[: MAX_ITEMS - _HISTORY_OFFERS] + lines[:_HISTORY_OFFERS]
    problem = ""
    if not items:
        problem = f"there is no command that begins with {clean(typed, limit=40)!r}"
    signature = usage(items[0].text) if items and items[0].kind == "verb" and typed else ""
    return Completion(start=start, end=end, items=tuple(items[:MAX_ITEMS]), usage=signature, problem=problem)


def _validated(finished: Sequence[Piece], spec: VerbSpec, vocabulary: Vocabulary) -> tuple[Context, str]:
    """Check the arguments that are finished; return those before the first wrong one, and what is wrong."""
    args: dict[str, str] = {}
    context = Context(vocabulary=vocabulary, args=args)
    by_name = {piece.name: piece for piece in finished}
    for piece in finished:
        if piece.role == "extra":
            return context, f"{clean(piece.value, limit=40)!r} is one argument too many"
        if piece.role == "unknown_option":
            return context, f"{spec.name} has no option --{clean(piece.name, limit=40)}"
    for argument in (*spec.arguments, *spec.options):
        found = by_name.get(argument.name)
        if found is None or found.value_start < 0:
            continue
        if found.problem:
            return context, found.problem
        try:
            args[argument.name] = check(argument, clean(found.value), context)
        except CommandError as wrong:
            return context, clean(str(wrong))
    return context, ""


def _slot(left: str, pieces: Sequence[Piece], current: Piece | None, spec: VerbSpec) -> _Slot:
    end = len(left)
    if current is None:
        last = pieces[-1] if pieces else None
        if last is not None and last.role == "option" and last.value_start < 0:
            return _Slot(argument=last.argument, start=end, typed="")
        filled = sum(1 for piece in pieces if piece.role == "argument")
        following = spec.arguments[filled] if filled < len(spec.arguments) else None
        return _Slot(argument=following, start=end, typed="", options=True)
    if current.value_start < 0 or current.role in ("unknown_option", "flag"):
        return _Slot(argument=None, start=current.start, typed=left[current.start :], options=True)
    begun = _OPTION_BEGUN.search(left, current.value_start)
    if begun and current.role != "option" and (begun[1].startswith("--") or current.argument is None):
        return _Slot(argument=None, start=begun.start(1), typed=begun[1], options=True)
    problem = f"{clean(current.value, limit=40)!r} is one argument too many" if current.role == "extra" else ""
    return _Slot(argument=current.argument, start=current.value_start, typed=current.value, problem=problem)


def _complete_slot(text: str, cursor: int, spec: VerbSpec, slot: _Slot, known: _Known) -> Completion:
    argument, vocabulary = slot.argument, known.context.vocabulary
    start, typed, tail, quote = slot.start, slot.typed, _WORD_TAIL, True
    offers: Iterable[CompletionItem] = ()
    if argument is not None and argument.rest:
        words = _signal_words(argument, text[slot.start : cursor], vocabulary)
        offers, typed, quote = words.items, words.typed, False
        start = cursor - len(typed)
        tail = _IDENTIFIER_TAIL if argument.kind == "promql" else _WORD_TAIL
    elif argument is not None:
        offers = CANDIDATES[argument.kind](known.context, typed)
    items = rank(offers, typed, known.recent)
    if quote:
        items = [_as_word(item) for item in items]
    if slot.options or (argument is not None and argument.rest and text[:cursor][-1:].isspace()):
        options = rank(_option_offers(spec, known.pieces), typed, known.recent)
        items = items[: MAX_ITEMS - len(options)] + options
    problem = known.problem or slot.problem
    if not problem and not items and typed and argument is not None and not argument.rest:
        problem = _problem_of(argument, typed, known.context)
    return Completion(
        start=start,
        end=_tail_end(text, cursor, tail),
        items=tuple(items[:MAX_ITEMS]),
        usage=_usage_with_hint(spec, argument, known.context),
        problem=problem,
    )


def _signal_words(argument: Argument, left: str, vocabulary: Vocabulary) -> Words:
    if argument.kind == "promql":
        return promql_words(left, vocabulary)
    if argument.kind == "filter":
        return filter_words(left, vocabulary)
    return Words(typed="", items=())


def _option_offers(spec: VerbSpec, pieces: Sequence[Piece]) -> Iterable[CompletionItem]:
    given = {piece.name for piece in pieces if piece.role in ("option", "flag")}
    if pieces and pieces[-1].value_start < 0:
        given.discard(pieces[-1].name)  # the name under the cursor is still being typed
    for name, option in options_of(spec).items():
        if name not in given:
            yield CompletionItem(text=f"--{name}", help=option.help if option else "", kind="option")


def _problem_of(argument: Argument, typed: str, context: Context) -> str:
    try:
        check(argument, clean(typed), context)
    except CommandError as wrong:
        return clean(str(wrong))
    except KeyError:
        return ""  # an earlier argument that this one depends on is not there yet
    return ""


def _usage_with_hint(spec: VerbSpec, argument: Argument | None, context: Context) -> str:
    signature = usage(spec.name, current=argument.name if argument else "")
    if argument is None:
        return signature
    knob = knob_of(context.args.get("knob", ""), context.vocabulary) if argument.kind == "value" else None
    hint = f"{knob.help} {describe_knob(knob)}" if knob else argument.help
    return f"{signature} — {hint}"


def _as_word(item: CompletionItem) -> CompletionItem:
    """Quote what the grammar would otherwise read as several words."""
    quoted = quote_word(item.text)
    if quoted == item.text or item.text[0] in QUOTES:
        return item
    return CompletionItem(text=quoted, help=item.help, danger=item.danger, kind=item.kind)


def _tail_end(text: str, cursor: int, tail: re.Pattern[str]) -> int:
    """Return where the word under the cursor ends."""
    match = tail.match(text, cursor)
    return match.end() if match else cursor
