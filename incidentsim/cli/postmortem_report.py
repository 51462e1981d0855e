"""A checked postmortem on the terminal: facts line by line, causal claims, proven prevention, remarks, the delta."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from incidentsim.scoring.postmortem.causality import RIGHT, WRONG
from incidentsim.scoring.postmortem.prevention import Measure
from incidentsim.scoring.postmortem.report import RUBRIC, Delta, PostmortemCheck, Remark
from incidentsim.specs.knobs import format_duration
from incidentsim.text import safe_text

_STYLES = {"right": "green", "found": "green", "shortcut": "green", "cleared": "green", "wrong": "red",
           "reversed": "red", "invented": "red", "contradicted": "red", "denied": "red"}  # fmt: skip

MEANINGS = {
    "found": "a step of what happened", "shortcut": "true, with steps left out", "reversed": "the other way round",
    "invented": "nothing of this incident", "contradicted": "claimed both ways round",
    "denied": "denied, but it happened", "cleared": "rightly ruled out", "unjudged": "not judged",
}  # fmt: skip
"""What the verdict on a causal claim means."""


def print_check(result: PostmortemCheck, change: Delta | None, out: Console) -> None:
    """Print everything measured, then what changed since the earlier text."""
    _heading(out, f"Facts: {result.counted('right')} right, {result.counted('wrong')} wrong, "
                  f"{result.counted('unsupported')} unsupported")  # fmt: skip
    for fact in result.facts:
        known = f"  record: {fact.known}" if fact.known else ""
        _line(out, fact.verdict, f"line {fact.line}: {fact.said}{known}", _seqs(fact.seqs))
    chain = result.causality
    _heading(out, f"Causal claims: {chain.score:.2f}  (precision {chain.precision:.2f}, recall {chain.recall:.2f}, "
                  f"{len(chain.edges) - len(chain.missing)} of {len(chain.edges)} steps, root causes named: "
                  f"{len(chain.named)})")  # fmt: skip
    for claim in chain.claims:
        pair = f"{result.names.get(claim.cause, claim.cause)} → {result.names.get(claim.effect, claim.effect)}"
        guess = ", said to be possible" if claim.guess and claim.verdict in (*RIGHT, *WRONG) else ""
        _line(out, claim.verdict, f"line {claim.line}: {pair}  ({MEANINGS[claim.verdict]}{guess})")
    for number, _ in chain.crowded:
        _line(out, "not read", f"line {number}: names more than four things; one step a sentence")
    if chain.missing:
        if result.audience == "interviewer":
            for cause, effect in chain.missing:
                _line(out, "missing", f"{result.names.get(cause, cause)} → {result.names.get(effect, effect)}")
        else:
            _line(out, "missing", f"{len(chain.missing)} of {len(chain.edges)} steps are not stated")
    _print_prevention(result, out)
    _remark(out, "Strength", result.strength)
    _remark(out, "To improve", result.improvement)
    if change is not None:
        _heading(out, "Since the earlier text")
        for text in changes(change):
            out.print(Padding(safe_text(text), (0, 0, 0, 2)))
    _heading(out, "For a person to mark")
    out.print(Padding(Text(" · ".join(f"{domain} {points}" for domain, points in RUBRIC)), (0, 0, 0, 2)))
    for note in result.notes:
        out.print(Padding(safe_text(note, "dim"), (0, 0, 0, 2)))


def _print_prevention(result: PostmortemCheck, out: Console) -> None:
    prevention = result.prevention
    share = "not measured" if prevention.share is None else f"{prevention.share:.0%} of the harm prevented"
    _heading(out, f"Prevention: {share}")
    for item in prevention.items:
        if item.problem:
            _line(out, "unusable", f"line {item.line}: {item.problem}")
        elif not item.controls:
            _line(out, "no control", f"line {item.line}: {item.text}  (a person marks this)")
        else:
            for text in item.controls:
                _line(out, "control", f"line {item.line}: {text}")
            for text in described(item.measure):
                out.print(Padding(safe_text(text), (0, 0, 0, 15)))
    if prevention.together is not None:
        _line(out, "together", "; ".join(described(prevention.together)))
    if not prevention.items:
        _line(out, "none", "no action items")


def described(measure: Measure | None) -> list[str]:
    """Return what a control does, in words."""
    if measure is None:
        return ["not run"]
    out: list[str] = []
    if measure.prevented is not None:
        out.append(f"prevents {measure.prevented:.0%} of the harm "
                   f"({measure.least:.0%} to {measure.greatest:.0%} over {measure.seeds} seeds)")  # fmt: skip
        out.append(f"in a healthy world: {measure.healthy_bad:+,.0f} bad requests and "
                   f"{measure.healthy_dollars:+,.2f} dollars per run")  # fmt: skip
    if measure.fires is not None:
        lead = ""
        if measure.lead_us is not None:
            word = "before" if measure.lead_us >= 0 else "after"
            lead = f", {format_duration(abs(measure.lead_us) // 1_000_000 * 1_000_000)} {word} the page"
        out.append(f"fires in {measure.fires} of {measure.seeds} incidents{lead}, "
                   f"falsely in {measure.false_alarms} of {measure.seeds} healthy runs")  # fmt: skip
    return out


def changes(change: Delta) -> list[str]:
    """Return what a revision changed, in words."""
    lines = [
        f"causal claims {change.causality:+.2f} ({change.edges_found:+d} steps)",
        f"facts {change.right:+d} right, {change.wrong:+d} wrong, {change.unsupported:+d} unsupported",
    ]
    if change.prevention is not None:
        lines.append(f"prevention {change.prevention:+.0%} of the harm")
    return lines


def _heading(out: Console, text: str) -> None:
    out.print(safe_text(text, "bold"))


def _line(out: Console, label: str, text: str, tail: str = "") -> None:
    line = Text(f"{label:<12} ", style=_STYLES.get(label, "yellow"))
    line.append_text(safe_text(text, "default"))
    if tail:
        line.append(f"  {tail}", "dim")
    out.print(Padding(line, (0, 0, 0, 2)))


def _remark(out: Console, title: str, remark: Remark) -> None:
    _heading(out, title)
    where = f"  (line {', '.join(str(n) for n in dict.fromkeys(remark.lines))})" if remark.lines else ""
    out.print(Padding(safe_text(f"{remark.text}{where}  {_seqs(remark.seqs)}".rstrip()), (0, 0, 0, 2)))


def _seqs(seqs: Iterable[int]) -> str:
    return " ".join(f"#{seq}" for seq in seqs)
