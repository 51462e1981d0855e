"""The ladder of hints: which one is next, what it costs, and the line that gives it.

The desk asks `next_hint`; the state reads `hint_line` of a record again, for a resend after a restart. Text and
price go into the record, so that a score needs no later edition of the scenario.
"""

from __future__ import annotations

from typing import Any

from incidentsim.errors import CommandError
from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario


def next_hint(scenario: Scenario, cast: Cast, *, taken: int, now_us: int) -> dict[str, Any]:
    """Return the body of the record that gives the next hint. Raises CommandError when there is none now.

    `next` is the price of the one after it, None when it is the last.
    """
    ladder = scenario.hints
    if not ladder:
        raise CommandError("this scenario has no hints")
    if taken >= len(ladder):
        raise CommandError(f"that was the last of {len(ladder)} hints; there are no more")
    hint = ladder[taken]
    if now_us < hint.after:
        when = format_clock(hint.after)
        raise CommandError(f"hint {taken + 1} of {len(ladder)} ({_points(hint.price)}) is given from {when} on")
    following = ladder[taken + 1].price if taken + 1 < len(ladder) else None
    return {
        "number": taken + 1, "of": len(ladder), "price": hint.price, "next": following, "text": cast.render(hint.text),
    }  # fmt: skip


def hint_line(body: dict[str, Any]) -> str:
    """Return a hint as it is told: its number, its price, its text, and what the next one costs."""
    following = body.get("next")
    tail = "It was the last one." if following is None else f"The next one costs {_points(int(following))}."
    return f"Hint {body['number']} of {body['of']}, for {_points(int(body['price']))}: {body['text']} {tail}"


def _points(price: int) -> str:
    return f"{price} point" + ("" if price == 1 else "s")
