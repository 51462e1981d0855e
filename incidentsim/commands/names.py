"""Find a verb or another name among those that are known, and suggest one when it is not there.

Used by the parser, the validators and help. A prefix is never taken for the name: on call,
`restart chat-pool` and `restart chat-pool-3` are too different to guess between.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from incidentsim.errors import CommandError
from incidentsim.specs.verbs import VERBS, VerbSpec

_LISTED = 12
"""Names listed in a message; more don't fit on two lines."""

_LONGEST_COMPARED = 80
"""Code points of a wrong name that are compared; a longer one is not a misspelt name."""


def find_verb(word: str) -> VerbSpec:
    """Return the verb called `word`, in any case. Raises CommandError with a suggestion."""
    spec = VERBS.get(word.casefold())
    if spec is None:
        suggestion = closest(word, VERBS)
        known = "" if suggestion else f"; commands begin with one of {', '.join(VERBS)}"
        raise CommandError(f"there is no command called {shorten(word)!r}{known}", suggestion=suggestion)
    return spec


def match_name(word: str, names: Sequence[str], what: str) -> str:
    """Return the known name that is `word`, in whatever case it was typed; raise CommandError otherwise."""
    if word in names:
        return word
    folded = word.casefold()
    same = [name for name in names if name.casefold() == folded]
    if len(same) == 1:
        return same[0]
    if same:
        raise CommandError(f"{word!r} could be {listing(same)}: write it in the right case")
    if not names:
        raise CommandError(f"there is no {what} in this session")
    suggestion = closest(word, names)
    known = "" if suggestion else f"; known: {listing(names)}"
    raise CommandError(f"there is no {what} called {shorten(word)!r}{known}", suggestion=suggestion)


def closest(word: str, names: Iterable[str]) -> str:
    """Return the name most like `word`: the one it begins, else the nearest spelling, else nothing."""
    folded = word.casefold()[:_LONGEST_COMPARED]
    by_folded = {name.casefold(): name for name in names}
    if not folded:
        return ""
    begun = [name for key, name in by_folded.items() if key.startswith(folded)]
    if begun:
        return begun[0]
    near = difflib.get_close_matches(folded, list(by_folded), n=1, cutoff=0.6)
    return by_folded[near[0]] if near else ""


def listing(names: Sequence[str]) -> str:
    """Return the names as prose, cut after a dozen."""
    text = ", ".join(names[:_LISTED])
    return f"{text}, … ({len(names)} in all)" if len(names) > _LISTED else text


def shorten(word: str) -> str:
    """Return `word` cut to what a message can show."""
    return word if len(word) <= _LONGEST_COMPARED else word[:_LONGEST_COMPARED] + "…"
