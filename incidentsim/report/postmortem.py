"""The check of a postmortem (`incidentsim-postmortem/1`) as rows: what the text said, and what the record says.

Called by `build`. The check is read as JSON; what an older or newer one lacks is left out. A candidate is not told
which steps of the causal chain their text misses, only how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidentsim.report.model import Audience, CheckRow, PostmortemView, Sentence
from incidentsim.report.phrases import count, lasted, tidy

SCHEMA = "incidentsim-postmortem/1"
"""The shape that is read."""

Json = Mapping[str, Any]

_MEANINGS = {
    "found": "a step of what happened", "shortcut": "true, with steps left out", "reversed": "the other way round",
    "invented": "nothing of this incident", "contradicted": "claimed both ways round",
    "denied": "denied, but it happened", "cleared": "rightly ruled out", "unjudged": "not judged",
}  # fmt: skip


def postmortem_view(check: Json, audience: Audience) -> PostmortemView:
    """Return the check in words."""
    facts, chain, prevention = (check.get(name) or {} for name in ("facts", "causality", "prevention"))
    rows = [_fact(fact) for fact in facts.get("lines", ())]
    rows += [_claim(claim) for claim in chain.get("claims", ())]
    if audience == "interviewer":
        rows += [_missing(edge) for edge in chain.get("missing") or ()]
    rows += [_item(item) for item in prevention.get("items", ())]
    return PostmortemView(summary=tuple(_summary(check, facts, chain, prevention)), rows=tuple(rows))


def _summary(check: Json, facts: Json, chain: Json, prevention: Json) -> list[Sentence]:
    counts = ", ".join(f"{facts.get(verdict, 0)} {verdict}" for verdict in ("right", "wrong", "unsupported"))
    out = [Sentence(text=f"Figures and names in the text: {counts}.")]
    if "score" in chain:
        steps, missing = int(chain.get("edges", 0)), int(chain.get("missing_count", 0))
        parts = f"precision {chain.get('precision', 0):.2f}, recall {chain.get('recall', 0):.2f}"
        stated = f"{steps - missing} of {count(steps, 'step')} of what happened are stated"
        out.append(Sentence(text=f"Causal claims: {chain['score']:.2f} of 1 ({parts}); {stated}."))
    share = prevention.get("share")
    out.append(Sentence(text="Prevention was not measured." if share is None else
                        f"Prevention, by running the incident again with the controls in place: {100 * share:.0f} % of "
                        "the harm."))  # fmt: skip
    for name, title in (("strength", "Strength"), ("improvement", "To improve")):
        remark = check.get(name) or {}
        if remark.get("text"):
            text = f"{title}: {tidy(remark['text'])}{_lines(remark.get('lines', ()))}"
            out.append(Sentence(text=text, seqs=_seqs(remark)))
    return out + [Sentence(text=tidy(note)) for note in check.get("notes", ())]


def _fact(fact: Json) -> CheckRow:
    known = f"the record: {fact['known']}" if fact.get("known") else ""
    return CheckRow(kind=tidy(fact.get("kind", "fact")), text=tidy(f"{fact.get('said', '')} (line {fact.get('line')})"),
                    verdict=tidy(fact.get("verdict", "")), detail=tidy(known), seqs=_seqs(fact))  # fmt: skip


def _claim(claim: Json) -> CheckRow:
    verdict = str(claim.get("verdict", ""))
    guess = ", said to be possible" if claim.get("guess") else ""
    text = f"{claim.get('cause', '')} → {claim.get('effect', '')} (line {claim.get('line')})"
    return CheckRow(kind="cause", text=tidy(text), verdict=tidy(verdict), seqs=(),
                    detail=tidy(_MEANINGS.get(verdict, "") + guess))  # fmt: skip


def _missing(edge: Sequence[Any]) -> CheckRow:
    text = " → ".join(str(node) for node in edge)
    return CheckRow(kind="cause", text=tidy(text), verdict="missing", detail="not stated anywhere", seqs=())


def _item(item: Json) -> CheckRow:
    controls = item.get("controls") or ()
    text = ", ".join(str(c) for c in controls) or str(item.get("text", ""))
    if item.get("problem"):
        verdict, detail = "unusable", str(item["problem"])
    elif not controls:
        verdict, detail = "for a person", "no control to try; a person marks this"
    else:
        verdict, detail = "tried", "; ".join(_measured(item.get("measure") or {})) or "not run"
    return CheckRow(kind="prevention", text=tidy(f"{text} (line {item.get('line')})"), verdict=verdict,
                    detail=tidy(detail), seqs=())  # fmt: skip


def _measured(measure: Json) -> list[str]:
    """Return what a control does, in words."""
    out, seeds = [], measure.get("seeds", 0)
    if measure.get("prevented") is not None:
        least, most = (measure.get(end) or measure["prevented"] for end in ("least", "greatest"))
        out.append(f"prevents {100 * measure['prevented']:.0f} % of the harm "
                   f"({100 * least:.0f} to {100 * most:.0f} % over {count(int(seeds), 'seed')})")  # fmt: skip
    if measure.get("healthy_bad") is not None:
        out.append(f"in a healthy world {measure['healthy_bad']:+,.0f} bad requests and "
                   f"{measure.get('healthy_dollars') or 0:+,.2f} dollars a run")  # fmt: skip
    if measure.get("fires") is not None:
        lead = measure.get("lead_us")
        when = "" if lead is None else f", {lasted(abs(int(lead)))} {'before' if lead >= 0 else 'after'} the page"
        out.append(f"fires in {measure['fires']} of {seeds} incidents{when}, falsely in "
                   f"{measure.get('false_alarms') or 0} healthy runs")  # fmt: skip
    return out


def _lines(lines: Sequence[Any]) -> str:
    numbers = dict.fromkeys(str(int(line)) for line in lines)
    return f" (line {', '.join(numbers)})" if numbers else ""


def _seqs(value: Json) -> tuple[int, ...]:
    return tuple(int(seq) for seq in value.get("seqs", ()))
