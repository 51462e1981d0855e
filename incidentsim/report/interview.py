"""The interview side of a score: scorecard with people's marks, proposed flags, the ledger of hypotheses.

Read from the score's JSON, where each part may be missing: an older score, or a play scored without a rubric.
Only interviewers see scorecard and flags (`build` leaves them out for a candidate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report.model import Domain, FlagRow, HypothesisRow, InterviewView, ScoreLine
from incidentsim.report.phrases import input_words, tidy
from incidentsim.scenario.cast import Cast
from incidentsim.text import listed
from incidentsim.transcript.model import Record

Json = Mapping[str, Any]


def interview_view(card: Json) -> InterviewView | None:
    """Return the interview scorecard, without a rubric the bare measures; None where there is neither."""
    interview = card.get("interview") or {}
    measures: Json = interview.get("measures") or {}
    rubric = interview.get("rubric")
    if rubric is None:
        if not measures:
            return None
        lines = tuple(
            ScoreLine(title=_words(name), by="rule", got=None, most=None, mark=None, rule=name, seqs=_seqs(measure),
                      detail=_measured(measure))
            for name, measure in sorted(measures.items())
        )  # fmt: skip
        said = "No rubric was named, so there are no points: `incidentsim score --rubric NAME` gives them."
        return InterviewView(rubric="", rater="", result=(said,), domains=(
            Domain(title="Automatic measures, from 0 to 1", got=None, most=None, lines=lines),))  # fmt: skip
    return InterviewView(
        rubric=tidy(f"{rubric.get('title', rubric.get('id', ''))}, version {rubric.get('version', 1)}"),
        rater=tidy(interview.get("rater", ""), 120),
        domains=tuple(_domain(domain, measures) for domain in interview.get("domains", ())),
        result=tuple(_result(interview)),
    )


def _domain(domain: Json, measures: Json) -> Domain:
    automatic = tuple(
        ScoreLine(title=_words(a.get("measure", "")), by="rule", got=a.get("points"), most=a.get("most"), mark=None,
                  rule=str(a.get("measure", "")),
                  seqs=_seqs(measures.get(a.get("measure", ""), {})),
                  detail=_measured(measures.get(a.get("measure", ""), {"value": a.get("value")})))
        for a in domain.get("automatic", ())
    )  # fmt: skip
    human = tuple(
        ScoreLine(title=tidy(h.get("title", h.get("id", ""))), by="person", got=h.get("points"), most=h.get("most"),
                  mark=h.get("mark"), rule="", seqs=_seqs(h),
                  detail=tidy(": ".join(t for t in (h.get("anchor", ""), h.get("note", "")) if t)))
        for h in domain.get("human", ())
    )  # fmt: skip
    return Domain(title=tidy(domain.get("title", domain.get("id", ""))), got=domain.get("points"),
                  most=domain.get("weight"), lines=(*automatic, *human))  # fmt: skip


def _result(interview: Json) -> list[str]:
    out = []
    for name, title in (("automatic", "Automatic"), ("human", "By people")):
        total = interview.get(name) or {}
        got = total.get("points")
        out.append(f"{title}: " + ("not complete" if got is None else f"{got:.1f}") + f" of {total.get('most', 0):g}.")
    total, error = interview.get("total"), interview.get("standard_error")
    if total is not None:
        spread = "no standard error is known" if error is None else f"standard error {error:.1f}"
        out.append(f"Total {total:.1f} of 100 ({spread}).")
    for name, text in (("missing", "Not marked yet"), ("unsupported", "Marks that name no transcript line")):
        if interview.get(name) and not (name == "missing" and interview.get("why")):
            out.append(f"{text}: {listed([_words(str(item)) for item in interview[name]])}.")
    if interview.get("suggestion"):
        out.append(f"Suggestion: {tidy(interview['suggestion'])}. A person decides and signs.")
    return out + [tidy(why) for why in interview.get("why", ())]


def flag_rows(card: Json) -> tuple[FlagRow, ...]:
    """Return the proposed flags, red before green, then the questions that only people can judge."""
    flags = card.get("flags") or {}
    proposed = [_flag(flag, question=False) for flag in flags.get("proposed", ())]
    asked = [_flag(flag, question=True) for flag in flags.get("for_people", ())]
    return (*sorted(proposed, key=lambda f: f.colour != "red"), *sorted(asked, key=lambda f: f.colour != "red"))


def _flag(flag: Json, *, question: bool) -> FlagRow:
    return FlagRow(
        colour="green" if flag.get("colour") == "green" else "red", title=tidy(flag.get("title", flag.get("id", ""))),
        text=tidy(flag.get("question" if question else "text", "")), question=question, seqs=_seqs(flag),
        rule="" if question else str(flag.get("id", "")),
        status="for a person to judge" if question else tidy(flag.get("verdict", "unconfirmed"), 40),
    )  # fmt: skip


def hypothesis_rows(card: Json, records: Sequence[Record], cast: Cast, *, truth: bool) -> tuple[HypothesisRow, ...]:
    """Return the hypotheses with their probability over time, from the score or, without it, from the record."""
    ledger = (card.get("hypotheses") or {}).get("rows") if truth else None
    if not ledger:
        return _recorded(records)
    return tuple(
        HypothesisRow(
            number=row.get("number"), statement=tidy(row.get("text", "")),
            cause=_shown(str(row.get("cause", "")), cast),
            steps=", ".join(f"{100 * step['p']:.0f} % at {format_clock(step['t_us'])}"
                            for step in row.get("steps", ())),
            state=tidy(row.get("state", "")), verdict=tidy(row.get("verdict", "")),
            seqs=tuple(step["seq"] for step in row.get("steps", ())),
        )
        for row in ledger
    )  # fmt: skip


def _recorded(records: Sequence[Record]) -> tuple[HypothesisRow, ...]:
    steps: dict[int, list[Record]] = {}
    for r in records:
        if r.type in ("hypothesis", "rule_out"):
            steps.setdefault(int(r.body.get("number") or 0), []).append(r)
    out = []
    for number, taken in steps.items():
        stated = [r for r in taken if r.type == "hypothesis"]
        if not stated:
            continue
        last, odds = stated[-1], [(r.body.get("p_ppm"), r.t_us) for r in stated]
        out.append(HypothesisRow(
            number=number, statement=tidy(last.body.get("statement", "")), cause=tidy(last.body.get("cause") or ""),
            steps=", ".join((f"{ppm / 10_000:.0f} %" if ppm is not None else "stated") + f" at {format_clock(t_us)}"
                            for ppm, t_us in odds),
            state="ruled out" if taken[-1].type == "rule_out" else "open", verdict="",
            seqs=tuple(r.seq for r in taken),
        ))  # fmt: skip
    return tuple(out)


def _shown(cause: str, cast: Cast) -> str:
    component, colon, fault = cause.partition(":")
    return tidy(f"{cast.shown(component)}{colon}{fault}")


def _words(name: str) -> str:
    return tidy(name.replace("_", " ").replace("-", " "))


def _measured(measure: Json) -> str:
    value = measure.get("value")
    head = "not measured" if value is None else f"measured {value:.2f}"
    given = sorted((measure.get("inputs") or {}).items())
    inputs = ", ".join(" ".join(input_words(str(label), value)) for label, value in given)
    return f"{head} ({inputs})" if inputs else head


def _seqs(value: Json) -> tuple[int, ...]:
    return tuple(int(seq) for seq in value.get("seqs", ()))
