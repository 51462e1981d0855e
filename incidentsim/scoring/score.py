"""A transcript scored: reads the play, asks for re-simulations, and puts every part into a scorecard.

`incidentsim score`, reports, certificates and sweeps call `score`. Pure: all worlds run inside `resimulate`.
Without it everything but S, T, g, credit and harm is there, and the scorecard says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring import assemble
from incidentsim.scoring.baseline import Baseline
from incidentsim.scoring.burn import agrees, bad_saved_between, burn_curve, recorded_series
from incidentsim.scoring.chain import carrying_of, chain_of
from incidentsim.scoring.communication import communication
from incidentsim.scoring.diagnosis import judge
from incidentsim.scoring.effects import Effects, World, credit_errors, effects_of
from incidentsim.scoring.evidence import gather
from incidentsim.scoring.flags import propose
from incidentsim.scoring.flags.case import Case
from incidentsim.scoring.harm import harm, is_unsafe, share_of_harm
from incidentsim.scoring.hypotheses import hypotheses
from incidentsim.scoring.interview_card import Interview
from incidentsim.scoring.loss import LEAST_SAVING
from incidentsim.scoring.measures import Gained, Told, measures_of, on_sibling
from incidentsim.scoring.moves import moves_of
from incidentsim.scoring.play import names_of, read_play
from incidentsim.scoring.points import Earned, errors_of
from incidentsim.scoring.process import habits_of, process
from incidentsim.scoring.protocol import Resimulate
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
    siblings: Sequence[World] | None = None,
) -> Scorecard:
    """Return the score of one play.

    `vocabulary` is the session's (its `causes` are the closed vocabulary of diagnoses, as shown). `scale` is
    what `baseline` gave for this scenario and seed; without it, it is made here. With `siblings` (worlds of the
    same scenario on other seeds, or none of them) credit is made in its deep form, and the siblings give standard
    errors. Raises ScenarioError when a reference script can't be read.
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

    own: Effects | None = None
    others: list[Effects] = []
    if resimulate is not None:
        seed = int(transcript.header.get("seed", 0))
        commands = [issued.timed() for issued in play.given()]
        own, *others = [
            effects_of(commands, moves, world, scenario, cast, vocabulary, orders_seed=seed, deep=siblings is not None)
            for world in (World(seed=seed, resimulate=resimulate, scale=scale), *(siblings or ()))
        ]
        notes += assemble.notes_on_runs(own, others, least=LEAST_SAVING, agrees=agrees(own.actual, recorded))
    else:
        notes.append(assemble.NOT_RESIMULATED)
    actual = own.actual if own else None
    credits = own.credits if own else None

    # A move that changed nothing for users is no move: a placebo neither earns nor spoils anything.
    counts = [move.act if credits is None else credits[i].share != 0 for i, move in enumerate(moves)]
    acted = any(counts)
    worked = process([h for h, counted in zip(habits, counts, strict=True) if counted], evidence)
    curve = burn_curve(actual.series if actual else recorded, scenario)
    words = communication(play.said, curve, acted=acted, diagnosed=verdict.de > 0.0)
    unsafe_moves = [
        move for i, move in enumerate(moves)
        if is_unsafe(move, play, names, evidence_before=habits[i].evidence_before)
    ]  # fmt: skip
    penalty = harm(
        share_of_harm([c.nano for c in own.credits], own.worsened(), own.scale.budget()) if own else None,
        [move.seq for move in unsafe_moves], actual.violations if actual else (),
    )  # fmt: skip
    credited = [m for i, m in enumerate(moves) if credits is not None and credits[i].nano > 0]
    removed = actual.removed_at_us if actual else removed_in_record(transcript.records, scenario)
    times = timeline(
        play=play, moves=moves, credited=credited, evidence=evidence, scenario=scenario, curve=curve,
        removed_at_us=removed, names=names,
    )  # fmt: skip

    lasting = assemble.durable(actual, scenario)
    parts: dict[str, Part] = assemble.parts_of_words(verdict, worked, words, penalty, play)
    index: float | None = None
    earned: list[Earned] = []
    if own is not None:
        earned = [
            Earned.of(
                effects, habits, scenario, de=verdict.de, p=worked.p, c=words.c, unsafe=penalty.unsafe(),
                hints=play.hint_points(),
            )
            for effects in (own, *others)
        ]  # fmt: skip
        index = earned[0].index
        parts |= assemble.parts_of_runs(own, earned[0], de=verdict.de, credited=credited, end_us=scenario.duration)
    else:
        parts |= assemble.parts_not_measured()

    if times.unrecorded:
        numbers = ", ".join(str(seq) for seq in times.unrecorded)
        notes.append(f"Temporary measures neither undone nor written down: seq {numbers}.")
    if play.end_us is not None and play.end_us < scenario.duration and own is not None:
        notes.append(
            f"The session ended at {format_clock(play.end_us)}; effects are counted to the scenario's end, "
            f"{format_clock(scenario.duration)}, with no further commands."
        )
    gained = [
        Gained(
            s=e.s, g=e.g, harm=e.harm, earned=any(c.nano > 0 for c in effects.credits),
            durable=bool(assemble.durable(effects.actual, scenario)),
            onset_us=effects.scale.onset_us, t_ref_us=effects.scale.t_ref_us,
        )
        for effects, e in zip([own, *others] if own else (), earned, strict=True)
    ]  # fmt: skip
    told = Told(
        play=play, scenario=scenario, names=names, verdict=verdict, words=words, penalty=penalty, times=times,
        curve=curve, gained=gained[0] if gained else None,
        moves=[m for m, counted in zip(moves, counts, strict=True) if counted],
        habits=[h for h, counted in zip(habits, counts, strict=True) if counted],
    )  # fmt: skip
    scored = assemble.scored_moves(
        moves, habits, own, counts, unsafe_moves, errors=credit_errors(own, others) if own else None
    )
    return Scorecard(
        scenario=scenario.id,
        scenario_version=scenario.version,
        scenario_digest=scenario.digest,
        seed=int(transcript.header.get("seed", 0)),
        authority=str(transcript.header.get("authority", "self")),
        practice_index=index,
        parts=parts,
        moves=scored,
        bad_saved=bad_saved_between(own.scale.nothing, own.actual, scenario) if own else (),
        evidence_seen=assemble.seen_items(evidence),
        evidence_missed=assemble.missed_items(evidence, scenario, transcript.records),
        times=assemble.milestones(times),
        diagnosis=assemble.scored_claims(verdict),
        statements=assemble.scored_statements(words),
        durable=lasting,
        never_looked_at=assemble.never_looked_at(play, evidence),
        notes=tuple(notes),
        interview=Interview(
            measures=measures_of(told),
            earned=gained[0].earned if gained else None,
            siblings=tuple(on_sibling(told, there) for there in gained[1:]),
        ),
        hypotheses=hypotheses(play, scenario, times.identify, verdict, vocabulary_ids),
        flags=propose(Case(told=told, all_moves=moves, scored=scored, evidence=evidence)),
        credit_form=own.form.fields() if own else {},
        errors=errors_of(earned),
        carrying=carrying_of(play, evidence, scenario),
        chain=chain_of(play, moves, credited, evidence, scenario, cast, names),
        siblings=tuple(assemble.sibling(e, points) for e, points in zip(others, earned[1:], strict=True)),
    )
