"""The interview scorecard on the terminal: domains, flags, hypotheses; and one rule with what it gave."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from incidentsim.cli.lines import event_line
from incidentsim.exact import format_clock
from incidentsim.scenario.rubric import Rubric
from incidentsim.scoring.explain import RULES, Rule
from incidentsim.scoring.interview_card import Interview, Sum
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.specs.flags import FLAGS
from incidentsim.specs.measures import MEASURES
from incidentsim.text import safe_text
from incidentsim.transcript.model import Transcript

MOST_LINES = 12
"""Most transcript lines printed under a rule."""


def print_interview(card: Scorecard, out: Console) -> None:
    """Print domains with automatic and human points, the sum, the suggestion, flags and hypotheses."""
    interview = card.interview
    if interview.rubric is None:
        return
    rubric = interview.rubric
    rater = f", marked by {interview.rater}" if interview.rater else ""
    out.print(safe_text(f"{rubric.title} (rubric {rubric.id} version {rubric.version}{rater})", "bold"))
    out.print(_domains(interview))
    out.print(_indented(_sum_line(interview)))
    suggestion = f"Suggestion: {interview.suggestion}. " if interview.suggestion else "No suggestion. "
    out.print(_indented(suggestion + " ".join(interview.why)))
    if interview.earned is False:
        out.print(_indented("No move earned credit, so every automatic part is 0."))
    if interview.unsupported:
        out.print(_indented(f"Marks without a record behind them: {', '.join(interview.unsupported)}."))
    _print_flags(card, out)
    _print_hypotheses(card, out)


def print_rules(out: Console, rubric: Rubric | None = None) -> None:
    """Print every rule's name and title."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("rule", "what", "weight"):
        table.add_column(heading, header_style="dim")
    for rule in RULES.values():
        table.add_row(rule.id, rule.title, weight_in(rule, rubric))
    out.print(table)


def weight_in(rule: Rule, rubric: Rubric | None) -> str:
    """Return what a rule weighs; a measure, its points in the rubric."""
    if rule.id not in MEASURES or rubric is None:
        return rule.weight
    for domain in rubric.domains:
        if rule.id in domain.automatic:
            return f"{domain.automatic[rule.id] / 1000:g} of {domain.weight / 1000:g} points in {domain.title}"
    return f"no points in rubric {rubric.id}"


def print_interview_rule(rule: Rule, card: Scorecard, transcript: Transcript, out: Console) -> None:
    """Print what a rule of the interview scorecard gave in one play, and the records behind it."""
    interview, lines = card.interview, list[str]()
    seqs: tuple[int, ...] = ()
    if rule.id in MEASURES:
        measure = interview.measures[rule.id]
        value = "not measured" if measure.value is None else f"{measure.value:.3f}"
        lines = [f"{rule.id} = {value}", *(f"{name}: {_shown(given)}" for name, given in measure.inputs.items())]
        seqs = measure.seqs
    elif rule.id in FLAGS:
        flag = next((f for f in card.flags.proposed if f.id == rule.id), None)
        lines = [f"proposed, {flag.verdict}: {flag.text}"] if flag else ["not proposed"]
        seqs = flag.seqs if flag else ()
    elif rule.id == "interview":
        lines = [_sum_line(interview)] if interview.rubric else ["name a rubric: --rubric default"]
    elif rule.id == "suggestion":
        lines = [interview.suggestion or "none", *interview.why]
    elif rule.id == "human":
        given = [h for d in interview.domains for h in d.human]
        lines = [f"{h.id}: {_mark(h.mark)} {h.anchor}{f' ({h.note})' if h.note else ''}" for h in given]
        seqs = tuple(seq for h in given for seq in h.seqs)
    elif rule.id == "flags":
        _print_flags(card, out)
    elif rule.id == "hypotheses":
        _print_hypotheses(card, out)
        seqs = tuple(step.seq for step in card.hypotheses.standing)
    for line in lines:
        out.print(_indented(line))
    print_records(seqs, transcript, out)


def print_records(seqs: Iterable[int], transcript: Transcript, out: Console) -> None:
    """Print the transcript lines behind a number."""
    wanted = sorted(dict.fromkeys(seqs))
    records = {record.seq: record for record in transcript.records if record.seq in wanted}
    for seq in wanted[:MOST_LINES]:
        record = records.get(seq)
        line = event_line(record.type, record.t_us, record.body) if record is not None else ""
        text = line or (f"{format_clock(record.t_us)} {record.type}" if record else "not in this transcript")
        out.print(_indented(f"#{seq}  {text.splitlines()[0]}", 4))
    if len(wanted) > MOST_LINES:
        out.print(_indented(f"and {len(wanted) - MOST_LINES} more", 4))


def _domains(interview: Interview) -> Padding:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("", "points", "of", ""):
        table.add_column(heading, justify="right" if heading in ("points", "of") else "left", header_style="dim")
    for domain in interview.domains:
        table.add_row(Text(domain.title, "bold"), _points(domain.points), f"{domain.weight:g}", "")
        for part in domain.automatic:
            table.add_row(f"  {MEASURES[part.measure].title}", _points(part.points), f"{part.most:g}", part.measure)
        for part_of in domain.human:
            behind = f"mark {_mark(part_of.mark)}"
            if part_of.seqs:
                behind += " " + " ".join(f"#{seq}" for seq in part_of.seqs[:6])
            table.add_row(
                safe_text(f"  {part_of.title}"), _points(part_of.points), f"{part_of.most:g}", safe_text(behind)
            )  # fmt: skip
    return Padding(table, (0, 0, 0, 2))


def _print_flags(card: Scorecard, out: Console) -> None:
    out.print(Text("Flags, for a person to confirm or reject", "bold"))
    for flag in card.flags.proposed:
        seqs = " ".join(f"#{seq}" for seq in flag.seqs[:6])
        out.print(_indented(f"{flag.colour}, {flag.verdict}: {flag.title}. {flag.text}  {seqs}"))
    if not card.flags.proposed:
        out.print(_indented("no rule proposes one"))
    asked = ", ".join(flag.title[0].lower() + flag.title[1:] for flag in card.flags.for_people)
    out.print(_indented(f"Not visible in a transcript, ask: {asked}."))


def _print_hypotheses(card: Scorecard, out: Console) -> None:
    ledger = card.hypotheses
    out.print(Text("Hypotheses over time", "bold"))
    for row in ledger.rows:
        steps = ", ".join(f"{step.kind} {format_clock(step.t_us)} at {100 * step.p:.0f} %" for step in row.steps)
        out.print(_indented(f"{row.cause or row.text}: {row.verdict}, {row.state} ({steps})"))
    if not ledger.rows:
        out.print(_indented("none stated"))
    if ledger.identified.t_us is not None:
        out.print(_indented(f"The right cause was on top to stay from {format_clock(ledger.identified.t_us)}."))
    if ledger.standing:
        last = ledger.standing[-1]
        out.print(_indented(f"Brier score at the end {last.brier:.2f}, skill {last.skill:.2f}."))
    if ledger.mean_p is not None and ledger.share_right is not None:
        out.print(
            _indented(
                f"{ledger.committed} committed at {100 * ledger.mean_p:.0f} % on average, "
                f"{100 * ledger.share_right:.0f} % of them right."
            )
        )


def _sum_line(interview: Interview) -> str:
    total = "not known" if interview.total is None else f"{interview.total:.1f} of 100"
    error = "" if interview.standard_error is None else f" ± {interview.standard_error:.1f}"
    return f"Automatic {_of(interview.automatic)}, people {_of(interview.human)}, total {total}{error}."


def _of(part: Sum) -> str:
    return f"{_points(part.points)} of {part.most:g}"


def _points(points: float | None) -> str:
    return "–" if points is None else f"{points:.1f}"


def _mark(mark: int | None) -> str:
    return "missing" if mark is None else str(mark)


def _shown(value: float | int | str | bool | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "none" if value in (None, "") else str(value)


def _indented(text: str, left: int = 2) -> Padding:
    return Padding(safe_text(text), (0, 0, 0, left))
