"""Words for values: counts, shares, times, evidence items, effects. Used by every part of the view model.

The report speaks of "the candidate" to an interviewer and of "you" to the candidate (`Voice`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report.model import Audience
from incidentsim.scenario.cast import Cast
from incidentsim.text import clean, listed

_ITEM_WORDS = {
    "change": "change record", "metric": "metric", "inspect": "settings of", "logs": "logs of", "ask": "answer of",
    "runbook": "runbook", "trace": "traces",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How the person is named: `who` begins a sentence, `did` is inside one, `their` possesses."""

    who: str
    did: str
    their: str
    was: str


def voice_of(audience: Audience) -> Voice:
    """Return how to speak of the person to this reader."""
    if audience == "candidate":
        return Voice(who="You", did="you", their="your", was="were")
    return Voice(who="The candidate", did="the candidate", their="their", was="was")


def tidy(value: Any, limit: int = 4_000) -> str:
    """Return untrusted text cleaned, on one line."""
    return clean(str(value), limit=limit).strip()


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 look`, `3 looks`, `1,200 requests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def often(number: int) -> str:
    """Return `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def short_number(value: float) -> str:
    """Return a number in few characters: `14.7k`, `0.25`."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def percent(part: float, whole: float) -> str:
    """Return a share in words; below one percent with one digit, a share of nothing as `0 %`."""
    value = 100 * part / whole if whole else 0.0
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def clock(t_us: int | None) -> str:
    """Return scenario time, or that it was not reached."""
    return "not reached" if t_us is None else format_clock(t_us)


def lasted(us: int) -> str:
    """Return a length of time as `8 min 20 s`."""
    minutes, seconds = divmod(us // 1_000_000, 60)
    parts = ([f"{minutes} min"] if minutes else []) + ([f"{seconds} s"] if seconds or not minutes else [])
    return " ".join(parts)


def input_words(label: str, value: Any) -> tuple[str, str]:
    """Return an input of a formula as (name, value): times in seconds after the page, numbers with few digits."""
    name = tidy(label.removesuffix("_us").replace("_", " "))
    if value is None or value == "":
        return name, "none"
    if label.endswith("_us") and isinstance(value, int):
        return name, f"{value / 1_000_000:.4g} s"
    if isinstance(value, bool):
        return name, "yes" if value else "no"
    return name, f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else tidy(value)


def evidence_item(item: str, cast: Cast) -> str:
    """Return an item of listed evidence in words, in shown names: `metric gateway_tokens_total by tenant`."""
    kind, _, rest = item.partition(":")
    words = _ITEM_WORDS.get(kind)
    if words is None:
        return tidy(item)
    if kind == "metric":
        name, _, label = rest.partition("@")
        return tidy(f"{words} {name}" + (f" by {label}" if label else ""))
    if kind == "ask":
        role, _, topic = rest.partition("/")
        return tidy(f"{words} {role} on {topic}")
    return tidy(f"{words} {cast.shown(rest)}".strip())


def effect_words(
    credit: float | None, bad_saved: Mapping[str, int], titles: Mapping[str, str], *, undone: bool,
    harmless: bool = False,
) -> str:  # fmt: skip
    """Return what a move did to users in words, by the titles of the objectives."""
    if credit is None:
        return "not measured"
    parts = []
    for verb, sign in (("saved", 1), ("caused", -1)):
        hits = [f"{count(saved * sign, 'bad request')} of “{titles.get(slo, slo)}”"
                for slo, saved in bad_saved.items() if saved * sign > 0]  # fmt: skip
        if hits:
            parts.append(f"{verb} {listed(hits)}")
    tail = (", its undo included" if undone else "") + ("; made nothing worse when it was made" if harmless else "")
    if parts:
        return ", but ".join(parts) + tail
    if credit == 0.0:
        return "changed nothing for users" + tail
    return ("lowered" if credit > 0 else "raised") + " the cost and changed nothing for users" + tail
