"""A scorecard on the terminal: the debrief in sentences, the parts of the index, and one rule explained."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from incidentsim.scoring.debrief import Section, debrief
from incidentsim.scoring.explain import RULES, Rule
from incidentsim.scoring.scorecard import Number, Part, Scorecard
from incidentsim.text import safe_text


def console() -> Console:
    """Return the console for results: no markup and no highlighting of what people wrote."""
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=False)


def print_debrief(card: Scorecard, out: Console, futures: Section | None = None) -> None:
    """Print the debrief, with the comparison of two futures where there is one, then the parts of the index."""
    for section in (*debrief(card), *([futures] if futures else [])):
        out.print(safe_text(section.title, "bold"))
        for line in section.lines:
            text = safe_text(line.text)
            if line.seqs and f"(seq {line.seqs[0]}," not in line.text:
                text.append(f"  {_seqs(line.seqs)}", "dim")
            out.print(Padding(text, (0, 0, 0, 2)))
    out.print(Text("Parts", "bold"))
    out.print(_parts(card))
    out.print(Text("score --explain RULE tells how a part is made.", "dim"))


def print_rule(rule: Rule, out: Console, *, weight: str = "") -> None:
    """Print what a rule says; `weight` is what it weighs here, when that depends on a rubric."""
    said = f"  {rule.title}  (weight {weight or rule.weight}, scoring {rule.section})"
    out.print(Text.assemble((rule.id, "bold"), said))
    for text in (rule.formula, rule.why):
        out.print(Padding(safe_text(text), (0, 0, 0, 2)))


def print_rule_in(rule: Rule, card: Scorecard, name: str, out: Console) -> None:
    """Print what a rule gave in one play: value, inputs, and the records behind it."""
    parts = [(key, part) for key, part in card.parts.items() if part.rule == rule.id]
    out.print(safe_text(name, "bold"))
    for key, part in parts:
        out.print(Padding(safe_text(f"{key} = {_value(part)}"), (0, 0, 0, 2)))
        for label, value in part.inputs.items():
            out.print(Padding(safe_text(f"{label}: {_input(value)}"), (0, 0, 0, 4)))
        if part.seqs:
            out.print(Padding(safe_text(f"records {_seqs(part.seqs)}"), (0, 0, 0, 4)))
    if rule.id == "credit" and card.credit_form:
        _print_credits(card, out)
    elif not parts:
        out.print(Padding(safe_text("no part of its own; see the debrief"), (0, 0, 0, 2)))


def _print_credits(card: Scorecard, out: Console) -> None:
    form = card.credit_form
    how = "all orders" if form["form"] == "exact" else f"{form['orders']} drawn orders"
    text = f"{how} of {form['moves']} moves that changed the world, {form['subsets']} sets of them"
    out.print(Padding(safe_text(text), (0, 0, 0, 2)))
    for move in card.moves:
        error = f" ± {move.credit_error:,.1f}" if move.credit_error is not None else ""
        line = f"φ = {move.credit:,.1f}{error}  {move.text.partition(' --')[0]}  {_seqs(move.seqs)}"
        out.print(Padding(safe_text(line), (0, 0, 0, 4)))
    for one in card.siblings:
        text = f"seed {one.seed}: index {one.practice_index:.1f}, S {one.S:.3f}, φ {[round(c) for c in one.credits]}"
        out.print(Padding(safe_text(text), (0, 0, 0, 4)))


def _parts(card: Scorecard) -> Padding:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("part", "what", "value", "weight"):
        table.add_column(heading, justify="right" if heading == "value" else "left", header_style="dim")
    for key, part in card.parts.items():
        rule = RULES[part.rule]
        if key == part.rule:
            table.add_row(key, rule.title, _value(part), rule.weight)
        else:
            table.add_row(key, f"goes into {part.rule}", _value(part), "")
    return Padding(table, (0, 0, 0, 2))


def _value(part: Part) -> str:
    return "not measured" if part.value is None else f"{part.value:.3f}"


def _input(value: Number) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "none" if value in (None, "") else str(value)


def _seqs(seqs: Iterable[int]) -> str:
    numbers = [f"#{seq}" for seq in seqs]
    shown = " ".join(numbers[:8])
    return f"{shown} and {len(numbers) - 8} more" if len(numbers) > 8 else shown
