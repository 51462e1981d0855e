"""The summary: what happened, what the person did, what users felt, in sentences that pass no verdict.

Built for `build.build_report` from the same inputs as everything else; each sentence links its lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report.felt import by_tenant, felt_between
from incidentsim.report.inputs import Runs
from incidentsim.report.model import CauseRow, ClaimRow, MoveRow, Paragraph, Sentence, StatementRow, TimeRow
from incidentsim.report.phrases import Voice, clock, count, lasted, often, percent, tidy
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import burn_curve
from incidentsim.scoring.protocol import RUN_ON_US, Mark
from incidentsim.text import listed
from incidentsim.transcript.model import Record

_TELLING_MOVES = 3
"""Actions told in the summary: those with the largest effect; the table has all."""

_UNEVEN = 1.5
"""A tenant is named as hit hardest when its share of bad requests is at least this many times the whole's."""


def happened(scenario: Scenario, cast: Cast, records: Sequence[Record], *, truth: bool) -> Paragraph:
    """Return what the incident was."""
    sentences = [Sentence(text=tidy(cast.render(scenario.summary)))]
    page = next((r for r in records if r.type == "page"), None)
    if page is not None:
        text = f"The page at {format_clock(page.t_us)} said: “{tidy(page.body.get('text', ''))}”"
        sentences.append(Sentence(text=text, seqs=(page.seq,)))
    if truth:
        whys = [tidy(cast.render(root.why)) for root in scenario.root_causes]
        many = len(whys) > 1
        lead = f"There were {len(whys)} root causes: " if many else "The root cause: "
        told = " ".join(f"({i}) {why}" for i, why in enumerate(whys, 1)) if many else whys[0]
        sentences.append(Sentence(text=lead + told))
    return Paragraph(title="What happened", sentences=tuple(sentences))


def did(
    voice: Voice, records: Sequence[Record], moves: Sequence[MoveRow], claims: Sequence[ClaimRow],
    statements: Sequence[StatementRow], *, ended: Record | None, method: Sentence | None,
) -> Paragraph:  # fmt: skip
    """Return what the person did, in the order of a response. `method` says how effects were told apart."""
    sentences = [*_first_steps(voice, records), *_moves(voice, records, moves, method)]
    if claims:
        told = listed([f"{c.fault} of {c.component} at {100 * c.p:.0f} %" + (f" ({c.verdict})" if c.verdict else "")
                       for c in claims])  # fmt: skip
        text = f"The diagnosis: {told}."
        sentences.append(Sentence(text=text, seqs=tuple(seq for c in claims for seq in c.seqs), rule="De"))
    else:
        sentences.append(Sentence(text=f"{voice.who} committed no diagnosis."))
    if statements:
        false = [s for s in statements if s.verdict not in ("", "true")]
        held = f"; {len(false)} said it was over while users were still harmed" if false else ""
        held = held or ("; all held" if all(s.verdict for s in statements) else "")
        text = f"{voice.who} told people {often(len(statements))} how things stood{held}."
        sentences.append(Sentence(text=text, seqs=tuple(q for s in statements for q in s.seqs), rule="C"))
    else:
        sentences.append(Sentence(text=f"{voice.who} told nobody anything."))
    if ended is not None and ended.body.get("reason") == "resolved":
        text = f"{voice.who} declared the incident over at {format_clock(ended.t_us)}."
        sentences.append(Sentence(text=text, seqs=(ended.seq,)))
    elif ended is not None:
        reason = tidy(ended.body.get("reason", "")) or ended.type
        sentences.append(Sentence(text=f"The session ended at {format_clock(ended.t_us)} ({reason}).",
                                  seqs=(ended.seq,)))  # fmt: skip
    return Paragraph(title=f"What {voice.did} did", sentences=tuple(sentences))


def _first_steps(voice: Voice, records: Sequence[Record]) -> list[Sentence]:
    first = next((r for r in records if r.type == "ack"), None)
    looks = [r for r in records if r.type == "look"]
    hypotheses = [r for r in records if r.type == "hypothesis"]
    ack = f"acknowledged the page at {format_clock(first.t_us)}" if first else "did not acknowledge the page"
    looked = f"looked at signals {often(len(looks))}" if looks else "looked at no signal"
    if looks:
        looked += f", first at {format_clock(looks[0].t_us)}"
    stated = f"stated {count(len(hypotheses), 'hypothesis', 'hypotheses')}" if hypotheses else "stated no hypothesis"
    seqs = [*((first.seq,) if first else ()), *(r.seq for r in looks[:1]), *(r.seq for r in hypotheses)]
    return [Sentence(text=f"{voice.who} {ack}, {looked}, and {stated}.", seqs=tuple(seqs), rule="times")]


def _moves(
    voice: Voice, records: Sequence[Record], moves: Sequence[MoveRow], method: Sentence | None
) -> list[Sentence]:
    previews = len([1 for r in records if r.type == "accepted" and r.body.get("dry_run")])
    if not moves:
        return [Sentence(text=f"{voice.who} changed nothing in the stack.")]
    before = f" after {count(previews, 'preview')}" if previews else ""
    out = [Sentence(text=f"{voice.who} took {count(len(moves), 'action')}{before}.",
                    seqs=tuple(m.seqs[0] for m in moves))]  # fmt: skip
    if all(m.credit is None for m in moves):
        first = moves[0]
        out.append(Sentence(text=f"The first was “{first.text}” at {first.clock}.", seqs=first.seqs))
        return out
    telling = sorted((m for m in moves if m.credit), key=lambda m: (-abs(m.credit or 0.0), m.number))[:_TELLING_MOVES]
    for move in sorted(telling, key=lambda m: m.number):
        said = f" (“{move.because}”)" if move.because else ""
        out.append(Sentence(text=f"“{move.text}” at {move.clock}{said} {move.effect}.", seqs=move.seqs, rule="credit"))
    if not telling:
        out.append(Sentence(text="None of them changed anything for users.", rule="credit"))
    elif method is not None and len(telling) > 1:
        out.append(method)
    return out


def users_felt(
    scenario: Scenario, cast: Cast, records: Sequence[Record], recorded: Mapping[str, Sequence[Mark]], end_us: int,
    times: Mapping[str, TimeRow], runs: Runs | None, causes: Sequence[CauseRow], durable: bool | None,
) -> Paragraph:  # fmt: skip
    """Return what users felt, from the counts in the record, and what would have come without anyone acting."""
    curve = burn_curve(recorded, scenario)
    onset_us = curve.onset_us()
    if onset_us is None or onset_us > end_us:
        return Paragraph(title="What users felt", sentences=(
            Sentence(text="No objective burned faster than allowed while the session lasted."),))  # fmt: skip
    start_us = onset_us - 60_000_000
    sentences = [Sentence(text=f"Users were first harmed beyond what the objectives allow at {format_clock(onset_us)}.",
                          rule="times")]  # fmt: skip
    split = by_tenant(records, start_us, end_us)
    for felt in felt_between(recorded, scenario, start_us, end_us):
        if felt.bad == 0:
            continue
        text = (f"“{tidy(felt.slo.title)}” was missed for {felt.bad:,} of {felt.offered:,} requests "
                f"({percent(felt.bad, felt.offered)}) up to {format_clock(end_us)}")  # fmt: skip
        if felt.over_us:
            text += (f"; its budget burned too fast for {lasted(felt.over_us)}, at worst {felt.worst:.0f} times "
                     f"too fast, at {format_clock(felt.worst_us)}")  # fmt: skip
        sentences.append(Sentence(text=text + _hardest(split.get(felt.slo.id, {}), felt.bad, felt.offered, cast) + "."))
    if runs is not None and runs.nothing:
        sentences.append(_alone(scenario, runs, start_us))
    helped = times.get("mitigate")
    if helped is not None and helped.t_us is not None:
        sentences.append(Sentence(text=f"From {helped.clock} all objectives were met again for two minutes or more, "
                                  "after an action that helped.", seqs=helped.seqs, rule="times"))  # fmt: skip
    elif durable is not None:
        sentences.append(Sentence(text="No action that helped brought two minutes in which all objectives were met.",
                                  rule="times"))  # fmt: skip
    if durable is not None:
        sentences.append(_lasting(scenario, causes, runs, durable))
    return Paragraph(title="What users felt", sentences=tuple(sentences))


def _hardest(tenants: Mapping[str, tuple[int, int]], bad: int, offered: int, cast: Cast) -> str:
    """Return who was hit hardest, where harm was uneven."""
    worst = max(tenants.items(), key=lambda item: item[1][1] / item[1][0] if item[1][0] > 0 else 0.0, default=None)
    if worst is None or len(tenants) < 2 or worst[1][0] <= 0:
        return ""
    name, (asked, missed) = worst
    if missed * offered < _UNEVEN * bad * asked:
        return ""
    return f"; hardest hit was {tidy(cast.shown(name))} ({percent(missed, asked)})"


def _lasting(scenario: Scenario, causes: Sequence[CauseRow], runs: Runs | None, durable: bool) -> Sentence:
    """Return whether it was over for good, and if not, why not as far as the record and the run-on tell."""
    if durable:
        return Sentence(text="Every root cause was removed, and nothing came back in a hidden ten-minute run-on.")
    left = [f"{cause.fault} of {cause.component}" for cause in causes if not cause.gone]
    why = [f"{listed(left)} {'was' if len(left) == 1 else 'were'} not removed"] if left else []
    after = felt_between(runs.played, scenario, scenario.duration, scenario.duration + RUN_ON_US) if runs else []
    again = [f"“{tidy(felt.slo.title)}” (at worst {felt.worst:.1f} times too fast)" for felt in after if felt.over_us]
    if again:
        why.append(f"in a hidden ten-minute run-on the budget of {listed(again)} burned too fast")
    return Sentence(text=f"It was not over for good: {'; '.join(why) or 'a root cause came back'}.")


def _alone(scenario: Scenario, runs: Runs, start_us: int) -> Sentence:
    end_us = scenario.duration
    alone = {f.slo.id: f for f in felt_between(runs.nothing, scenario, start_us, end_us)}
    played = {f.slo.id: f for f in felt_between(runs.played, scenario, start_us, end_us)}
    told = [f"“{tidy(slo.title)}” {alone[slo.id].bad:,} against {played[slo.id].bad:,}"
            for slo in scenario.slos if slo.id in alone and slo.id in played]  # fmt: skip
    text = f"To {clock(end_us)}, bad requests had nobody acted, against as played: {listed(told)}."
    return Sentence(text=text, rule="S")


def interviewer_notes(rows: Sequence[Record]) -> tuple[Sentence, ...]:
    """Return an interviewer's private notes, in order."""
    out = []
    for r in rows:
        body: Mapping[str, Any] = r.body
        out.append(Sentence(text=f"{format_clock(r.t_us)} {tidy(body.get('text', ''))}", seqs=(r.seq,)))
    return tuple(out)
