"""A transcript scored: reads the play, asks for re-simulations, and puts every part into a scorecard.

`incidentsim score`, reports, certificates and sweeps call `score`. Pure: all worlds run inside `resimulate`.
Without it everything but S, T, g, credit and harm is there, and the scorecard says so.
"""

from __future__ import annotations

from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring import assemble
from incidentsim.scoring.baseline import Baseline, baseline, references_of
from incidentsim.scoring.burn import agrees, bad_saved_between, burn_curve, recorded_series
from incidentsim.scoring.communication import communication
from incidentsim.scoring.credit import Credit, Runner, credit_of, first_effective
from incidentsim.scoring.diagnosis import judge
from incidentsim.scoring.evidence import gather
from incidentsim.scoring.flags import propose
from incidentsim.scoring.flags.case import Case
from incidentsim.scoring.harm import harm, is_unsafe
from incidentsim.scoring.hypotheses import hypotheses
from incidentsim.scoring.index import gate, practice_index, time_score
from incidentsim.scoring.interview_card import Interview
from incidentsim.scoring.loss import LEAST_SAVING, budget_saved
from incidentsim.scoring.measures import Gained, Told, measures_of
from incidentsim.scoring.moves import Move, moves_of, without
from incidentsim.scoring.numbers import share, whole_total
from incidentsim.scoring.play import names_of, read_play
from incidentsim.scoring.process import habits_of, process
from incidentsim.scoring.protocol import RUN_ON_US, Outcome, Resimulate
from incidentsim.scoring.scorecard import Part, Scorecard
from incidentsim.scoring.timeline import removed_in_record, timeline
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.transcript.model import Transcript


def score(
    transcript: Transcript,
    scenario: Scenario,
    resimulate: Resimulate | None,
    *,
    vocabulary: Vocabulary,
    scale: Baseline | None = None,
) -> Scorecard:
    """Return the score of one play.

    `vocabulary` is the session's (its `causes` are the closed vocabulary of diagnoses, as shown). `scale` is
    what `baseline` gave for this scenario and seed; without it, it is made here. Raises ScenarioError when a
    reference script can't be read.
    """
    cast = Cast.from_json(transcript.header.get("cast"))
    names = names_of(cast, scenario)
    play = read_play(transcript.records, names)
    evidence = gather(play, scenario, names)
    moves = moves_of(play.given(), play.reverts, scenario, names)
    habits = [habits_of(move, play, evidence, scenario, names) for move in moves]
    vocabulary_ids = [(names(component), fault) for component, fault in vocabulary.causes]
    verdict = judge(play.beliefs, scenario, evidence, vocabulary_ids)
    recorded = recorded_series(transcript.records)
    notes = list(assemble.STANDING_NOTES)

    actual: Outcome | None = None
    credits: list[Credit] | None = None
    effective: Move | None = None
    actual_loss = 0
    if resimulate is not None:
        scale = scale or baseline(scenario, resimulate, references_of(scenario, cast, vocabulary), names)
        runner = Runner(
            scenario=scenario, resimulate=resimulate,
            cost_of_nothing_microdollars=scale.nothing.cost_microdollars,
        )  # fmt: skip
        commands = [issued.timed() for issued in play.given()]
        left_out = [without(commands, move) for move in moves]
        actual, *others = runner.run(commands, *left_out, run_on_us=RUN_ON_US)
        actual_loss = runner.loss(actual)
        credits = [credit_of(actual, other, runner) for other in others]
        phis = [credit.nano for credit in credits]
        effective = first_effective(
            moves, commands, phis, budget=scale.budget(), nothing=scale.nothing_loss, actual=actual_loss,
            runner=runner,
        )  # fmt: skip
        notes += assemble.notes_on_runs(
            scale, least=LEAST_SAVING, agrees=agrees(actual, recorded),
            residue=scale.nothing_loss - actual_loss - whole_total(phis), moves=len(moves),
        )  # fmt: skip
    else:
        scale = None
        notes.append(assemble.NOT_RESIMULATED)

    # A move that changed nothing for users is no move: a placebo neither earns nor spoils anything.
    counts = [move.act if credits is None else credits[i].nano != 0 for i, move in enumerate(moves)]
    acted = any(counts)
    worked = process([h for h, counted in zip(habits, counts, strict=True) if counted], evidence)
    curve = burn_curve(actual.series if actual else recorded, scenario)
    words = communication(play.said, curve, acted=acted, diagnosed=verdict.de > 0.0)
    unsafe_moves = [
        move for i, move in enumerate(moves)
        if is_unsafe(move, play, names, evidence_before=habits[i].evidence_before)
    ]  # fmt: skip
    penalty = harm(
        None if credits is None else [c.nano for c in credits], scale.budget() if scale else 0,
        [move.seq for move in unsafe_moves], actual.violations if actual else (),
    )  # fmt: skip
    credited = [m for i, m in enumerate(moves) if credits is not None and credits[i].nano > 0]
    removed = actual.removed_at_us if actual else removed_in_record(transcript.records, scenario)
    times = timeline(
        play=play, moves=moves, credited=credited, evidence=evidence, scenario=scenario, curve=curve,
        removed_at_us=removed, names=names,
    )  # fmt: skip

    lasting = assemble.durable(actual, scenario, curve)
    gained: Gained | None = None
    parts: dict[str, Part] = assemble.parts_of_words(verdict, worked, words, penalty, play)
    index: float | None = None
    if scale is not None and credits is not None:
        earned = [(c.nano, h.evidence_before, m) for c, h, m in zip(credits, habits, moves, strict=True) if c.nano > 0]
        evidenced = share(whole_total(phi for phi, backed, _ in earned if backed), whole_total(e[0] for e in earned))
        s = budget_saved(scale.nothing_loss, scale.reference_loss, actual_loss)
        g = gate(evidenced, verdict.de)
        t = time_score(
            effective.t_us if effective else None, onset_us=scale.onset_us, t_ref_us=scale.t_ref_us,
            end_us=scenario.duration,
        )  # fmt: skip
        gained = Gained(
            s=s, g=g, earned=bool(earned), durable=bool(lasting), onset_us=scale.onset_us, t_ref_us=scale.t_ref_us
        )
        index = practice_index(s=s, g=g, de=verdict.de, p=worked.p, t=t, c=words.c, penalty=penalty.penalty)
        parts |= assemble.parts_of_runs(
            scale, s=s, g=g, t=t, evidenced=evidenced, de=verdict.de, actual_loss=actual_loss,
            effective=effective, credited=[m for _, _, m in earned], end_us=scenario.duration,
        )  # fmt: skip
    else:
        parts |= assemble.parts_not_measured()

    if times.unrecorded:
        numbers = ", ".join(str(seq) for seq in times.unrecorded)
        notes.append(f"Temporary measures neither undone nor written down: seq {numbers}.")
    if play.end_us is not None and play.end_us < scenario.duration and scale is not None:
        notes.append(
            f"The session ended at {format_clock(play.end_us)}; effects are counted to the scenario's end, "
            f"{format_clock(scenario.duration)}, with no further commands."
        )
    told = Told(
        play=play, scenario=scenario, names=names, verdict=verdict, words=words, penalty=penalty, times=times,
        curve=curve, gained=gained, moves=[m for m, counted in zip(moves, counts, strict=True) if counted],
        habits=[h for h, counted in zip(habits, counts, strict=True) if counted],
    )  # fmt: skip
    scored = assemble.scored_moves(moves, habits, credits, counts, unsafe_moves)
    return Scorecard(
        scenario=scenario.id,
        scenario_version=scenario.version,
        scenario_digest=scenario.digest,
        seed=int(transcript.header.get("seed", 0)),
        authority=str(transcript.header.get("authority", "self")),
        practice_index=index,
        parts=parts,
        moves=scored,
        bad_saved=bad_saved_between(scale.nothing, actual, scenario) if actual and scale else (),
        evidence_seen=assemble.seen_items(evidence),
        evidence_missed=assemble.missed_items(evidence, scenario, transcript.records),
        times=assemble.milestones(times),
        diagnosis=assemble.scored_claims(verdict),
        statements=assemble.scored_statements(words),
        durable=lasting,
        never_looked_at=assemble.never_looked_at(play, evidence),
        notes=tuple(notes),
        interview=Interview(measures=measures_of(told), earned=gained.earned if gained else None),
        hypotheses=hypotheses(play, scenario, times.identify, verdict, vocabulary_ids),
        flags=propose(Case(told=told, all_moves=moves, scored=scored, evidence=evidence)),
    )
