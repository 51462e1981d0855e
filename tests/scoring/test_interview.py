"""Measures, points by a rubric, suggestions, and the ledger of hypotheses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidentsim.scenario.rubric import Marks, Rubric
from incidentsim.scenario.rubric_files import load_rubric, preset_names
from incidentsim.scoring.burn import burn_curve
from incidentsim.scoring.explain import RULES, explain
from incidentsim.scoring.interview import BORDERLINE, NO_PASS, PASS, appraise
from incidentsim.scoring.interview_card import Interview, Measure, SiblingMeasures
from incidentsim.scoring.measures import longest_silence_us
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.specs.flags import FLAGS
from incidentsim.specs.measures import MEASURES
from tests.scoring.plays import EXPERT, LUCKY, NOVICE, SLO, Line, played
from tests.scoring.test_metamorphic import SCENARIO, VOCABULARY, scored

S = 1_000_000
DEFAULT = load_rubric("default")
FIX: tuple[Line, ...] = ((10, "ack"), (100, "set gateway.admission tokens"), (110, "ask account-manager can they trim"))


def all_marked(mark: int, rubric: Rubric = DEFAULT) -> Marks:
    """Return the marks of a person who gives everything the same."""
    given = {criterion.id: {"mark": mark, "seqs": [1]} for criterion in rubric.criteria()}
    return Marks.model_validate({"rubric": rubric.id, "version": rubric.version, "rater": "anna", "marks": given})


def measure(name: str, *lines: Line) -> Measure:
    """Return one measure of a play."""
    return scored(lines).interview.measures[name]


def value(name: str, *lines: Line) -> float:
    """Return the value of one measure of a play."""
    found = measure(name, *lines).value
    assert found is not None
    return found


def automatic(card: Scorecard, rubric: Rubric = DEFAULT) -> float:
    """Return the automatic points of a scorecard."""
    points = appraise(card, rubric).interview.automatic.points
    assert points is not None
    return points


def test_a_score_has_exactly_the_declared_measures() -> None:
    """What specs declares is what scoring makes, and every measure, flag and part has a rule to explain it."""
    card = scored(EXPERT)
    assert set(card.interview.measures) == set(MEASURES)
    assert set(MEASURES) | set(FLAGS) | {part.rule for part in card.parts.values()} <= set(RULES)
    assert all(explain(name).formula for name in RULES)


def test_the_default_rubric_splits_44_to_56() -> None:
    """44 points are automatic, 56 are people's, and the domains weigh 30, 25, 15, 15, 15."""
    interview = appraise(scored(EXPERT), DEFAULT).interview
    assert (interview.automatic.most, interview.human.most) == (44.0, 56.0)
    assert [domain.weight for domain in interview.domains] == [30, 25, 15, 15, 15]
    assert [sum(part.most for part in domain.automatic) for domain in interview.domains] == [16, 14, 4, 5, 5]


def test_expert_novice_lucky_nothing_are_in_order() -> None:
    """Automatic points order the players as the practice index does; doing nothing gives exactly 0."""
    expert, novice, lucky, nothing = (automatic(scored(play)) for play in (EXPERT, NOVICE, LUCKY, ()))
    assert expert >= 40
    assert expert >= novice + 10
    assert novice >= lucky + 5
    assert nothing == 0.0


def test_without_a_move_that_earned_credit_every_automatic_part_is_zero() -> None:
    """Words, looks and a right diagnosis alone earn no automatic point, though measures show them."""
    talk = tuple(line for line in EXPERT if not line[1].startswith(("limit", "set", "ask")))
    card = appraise(scored(talk), DEFAULT)
    assert card.interview.earned is False
    assert (card.interview.measures["diagnosis"].value or 0.0) > 0.99
    assert {part.points for domain in card.interview.domains for part in domain.automatic} == {0.0}


def test_human_points_are_weight_times_mark_less_one_over_four() -> None:
    """Marks 1, 3 and 5 give nothing, half and all of 56 points, with the anchor of the mark."""
    for mark, points in ((1, 0.0), (3, 28.0), (5, 56.0)):
        interview = appraise(scored(EXPERT), DEFAULT, all_marked(mark)).interview
        assert interview.human.points == points
        first = interview.domains[0].human[0]
        assert first.anchor == DEFAULT.domains[0].human[0].anchors[str(mark)]  # type: ignore[index]
    between = appraise(scored(EXPERT), DEFAULT, all_marked(4)).interview
    assert between.domains[0].human[0].anchor == "between 3 and 5"


def test_missing_marks_are_shown_and_give_no_total() -> None:
    """One mark short: that criterion is listed, and there is neither total nor suggestion."""
    marks = all_marked(5)
    short = marks.model_copy(update={"marks": {k: v for k, v in marks.marks.items() if k != "clarity"}})
    interview = appraise(scored(EXPERT), DEFAULT, short).interview
    assert interview.missing == ("clarity",)
    assert (interview.total, interview.suggestion) == (None, None)
    assert any("clarity" in why for why in interview.why)
    assert interview.domains[0].points is not None
    assert interview.domains[4].points is None


def test_a_mark_without_a_record_is_listed() -> None:
    """Marks other than 3 should name records; those that don't are listed, and count all the same."""
    marks = Marks.model_validate(
        {"rubric": "default", "version": 1, "rater": "a", "marks": {"clarity": {"mark": 5}, "audience": {"mark": 3}}}
    )
    assert appraise(scored(EXPERT), DEFAULT, marks).interview.unsupported == ("clarity",)


def test_the_suggestion_needs_total_and_both_domains() -> None:
    """70 points pass only with 60 % in reliability and in observability."""
    assert appraise(scored(EXPERT), DEFAULT, all_marked(5)).interview.suggestion == PASS
    assert appraise(scored(NOVICE), DEFAULT, all_marked(3)).interview.suggestion == NO_PASS
    weak = all_marked(5)
    low = weak.marks["clarity"].model_copy(update={"mark": 1})
    bad = dict.fromkeys(("mitigation-choice", "degradation", "trade-offs"), low)
    card = replace(scored(EXPERT))
    measures = dict(card.interview.measures) | {"saved-with-method": Measure(value=0.5, inputs={})}
    card = replace(card, interview=replace(card.interview, measures=measures))
    interview = appraise(card, DEFAULT, weak.model_copy(update={"marks": weak.marks | bad})).interview
    assert interview.total is not None and interview.total >= 70
    assert interview.suggestion == NO_PASS


def test_near_the_limit_it_says_borderline_only_when_the_error_is_known() -> None:
    """Within one standard error of 70 it is to be discussed; without a known error none is shown."""
    card = scored(EXPERT)
    bare = appraise(card, DEFAULT, all_marked(3)).interview
    assert bare.total is not None and bare.standard_error is None
    assert 0.01 < abs(bare.total - 70.0) < 1.0
    by_runs = ("saved-with-method", "safe-saving", "durable", "time-to-detect")
    same = {name: card.interview.measures[name].value or 0.0 for name in by_runs}

    def beside(**values: float) -> Interview:
        there = SiblingMeasures(earned=True, values=same | {k.replace("_", "-"): v for k, v in values.items()})
        known = replace(card, interview=replace(card.interview, siblings=(there,) * 4))
        return appraise(known, DEFAULT, all_marked(3)).interview

    near, far = beside(durable=0.0, time_to_detect=0.0), beside()
    assert near.suggestion == BORDERLINE
    assert near.standard_error is not None and near.standard_error > 1.0
    assert far.standard_error == 0.0
    assert far.suggestion == bare.suggestion != BORDERLINE
    assert not any("standard error" in why for why in bare.why)


def test_without_a_world_automatic_points_are_not_known() -> None:
    """No re-simulation: measures of words and looks are there, points and total are not."""
    card = score(played(EXPERT, SCENARIO), SCENARIO, None, vocabulary=VOCABULARY)
    interview = appraise(card, DEFAULT, all_marked(5)).interview
    assert interview.measures["truthfulness"].value == 1.0
    assert interview.measures["durable"].value is None
    assert (interview.automatic.points, interview.total, interview.suggestion) == (None, None, None)
    assert interview.human.points == 56.0


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_can_give_everything_and_nothing(name: str) -> None:
    """All measures and marks at their best give 100 points, at their worst 0."""
    rubric = load_rubric(name)
    card = scored(EXPERT)
    for level, mark, total in ((1.0, 5, 100.0), (0.0, 1, 0.0)):
        measures = {id_: Measure(value=level, inputs={}) for id_ in MEASURES}
        made = replace(card, interview=replace(card.interview, measures=measures))
        found = appraise(made, rubric, all_marked(mark, rubric)).interview.total
        assert found == pytest.approx(total, abs=1e-9)


def test_safe_saving_is_full_from_three_tenths_and_lost_by_an_unsafe_act() -> None:
    """Saving 30 % without harm is enough; a destructive act without preview takes all of it."""
    assert value("safe-saving", *FIX) == 1.0
    assert value("safe-saving", *FIX, (900, "restart chat-pool")) == 0.0


def test_evidence_discipline_leaves_right_causes_without_evidence_out() -> None:
    """A right cause without evidence costs nothing, a wrong one does, evidence before the move pays."""
    assert value("evidence-discipline", *FIX) == 0.0
    assert value("evidence-discipline", (50, "inspect gateway"), *FIX) == 0.5
    right = (120, "diagnose tenant.strategic context_growth")
    assert value("evidence-discipline", (50, "inspect gateway"), *FIX, right) == 0.5
    assert value("evidence-discipline", (50, "inspect gateway"), *FIX, (120, "diagnose node-3 gpu_lost")) < 0.5


def test_time_to_detect_is_scored_as_t() -> None:
    """Looking before the reference acts is worth 1, never looking 0, later less."""
    assert value("time-to-detect", (30, SLO), *FIX[1:]) == 1.0
    assert 0.0 < value("time-to-detect", (900, SLO), *FIX[1:]) < 1.0
    assert value("time-to-detect", *FIX[1:]) == 0.0


def test_temporary_overrides_are_settled_by_undo_lifting_or_words() -> None:
    """Left behind is 0; undone, lifted or written down is 1; the same status again settles nothing."""
    limit: Line = (100, "limit strategic tokens 180k")
    assert value("temporary-overrides", limit) == 0.0
    assert value("temporary-overrides", limit, (300, "undo 0")) == 1.0
    assert value("temporary-overrides", limit, (300, "limit strategic tokens unlimited")) == 1.0
    assert value("temporary-overrides", limit, (300, "limit strategic requests unlimited")) == 0.0
    assert value("temporary-overrides", limit, (120, "limit strategic tokens unlimited")) == 1.0
    assert value("temporary-overrides", limit, (300, 'note "limit on strategic until Monday"')) == 1.0
    again: tuple[Line, ...] = ((50, 'status "limit on strategic"'), (300, 'status "limit on strategic"'))
    assert value("temporary-overrides", limit, *again) == 0.0
    assert value("temporary-overrides", *FIX) == 1.0


def test_verification_is_the_share_of_moves_looked_after() -> None:
    """A look at the objective within 180 s verifies what came before it."""
    assert value("verification", *FIX) == 0.0
    assert value("verification", *FIX, (200, SLO)) == 1.0
    assert value("verification", *FIX, (900, SLO)) == 0.0


def test_safe_rollout_counts_dry_runs_and_trials_of_risky_moves() -> None:
    """A dry run, or the same verb on one replica first, makes a risky move safe; no risky move is 0."""
    assert value("safe-rollout", *FIX) == 0.0
    rollback: Line = (200, "rollback chg-1")
    assert value("safe-rollout", rollback) == 0.0
    assert value("safe-rollout", (100, "rollback chg-1 --dry-run"), rollback) == 1.0
    fixed: Line = (20, "set gateway.admission tokens")
    assert value("safe-rollout", fixed, (300, "restart chat-pool")) == 0.0
    assert value("safe-rollout", fixed, (200, "restart chat-pool-2"), (300, "restart chat-pool")) == 1.0


def test_cadence_wants_an_acknowledgement_and_no_long_silence() -> None:
    """Acknowledged within five minutes and a status at least every fifteen minutes of harm."""
    assert value("cadence", (10, "ack"), *FIX[1:], (400, 'status "a"')) == 1.0
    assert value("cadence", (400, "ack"), *FIX[1:], (410, 'status "a"')) == 0.0
    assert value("cadence", (10, "ack"), (1700, "set gateway.admission tokens")) == 0.0
    told: tuple[Line, ...] = ((10, "ack"), (600, 'status "a"'), (1200, 'status "b"'))
    assert value("cadence", *told, (1700, "set gateway.admission tokens")) == 1.0
    twice: tuple[Line, ...] = ((10, "ack"), (600, 'status "a"'), (1200, 'status "a"'))
    assert value("cadence", *twice, (1700, "set gateway.admission tokens")) == 0.0


def test_silence_is_counted_while_users_are_harmed_only() -> None:
    """Nobody needs news in calm; silence begins with the harm, and ends with the session."""
    harmed = burn_curve({"ttft": tuple((i * 10 * S, 100 * i, 50 * min(i, 60)) for i in range(1, 200))}, SCENARIO)
    assert longest_silence_us([], harmed, end_us=1800 * S) == 640 * S
    assert longest_silence_us([300 * S], harmed, end_us=1800 * S) == 350 * S
    assert longest_silence_us([], harmed, end_us=200 * S) == 190 * S


def test_truthfulness_is_the_share_of_what_was_true() -> None:
    """One true and one false update are worth half; nothing said is 0."""
    false: Line = (60, 'status "resolved"')
    assert value("truthfulness", *FIX, false, (300, 'status "looking"')) == 0.5
    assert value("truthfulness", *FIX) == 0.0


def test_the_ledger_follows_a_cause_over_time() -> None:
    """One row per cause, with every word on it; ruling out takes the top away, and Brier falls with the truth."""
    ledger = scored(
        (
            (10, 'hypothesis "gpu" --p 0.7 --cause node-3:gpu_lost'),
            (20, 'hypothesis "long prompts" --p 0.6 --cause tenant.strategic:context_growth'),
            (30, 'hypothesis "something with the cache" --p 0.2'),
            (40, "rule-out 1"),
            (50, "diagnose tenant.strategic context_growth --p 0.9"),
        )
    ).hypotheses
    assert [(row.cause, row.verdict, row.state) for row in ledger.rows] == [
        ("node-3:gpu_lost", "wrong", "ruled out"),
        ("tenant.strategic:context_growth", "right", "committed"),
        ("", "names no cause", "open"),
    ]
    assert [(step.kind, step.p) for step in ledger.rows[1].steps] == [("stated", 0.6), ("committed", 0.9)]
    assert [s.right for s in ledger.standing] == [False, False, True, True]
    assert [round(s.brier, 6) for s in ledger.standing] == [2.49, 1.65, 1.16, 1.01]
    assert ledger.identified.t_us == 40 * S
    assert (ledger.committed, ledger.mean_p, ledger.share_right) == (1, 0.9, 1.0)


def test_confirming_a_flag_moves_no_points() -> None:
    """A person's verdict stands beside the flag; points are the same with and without."""
    card = scored(EXPERT)
    flag = card.flags.proposed[0].id
    marks = all_marked(4).model_copy(update={"flags": {flag: "confirmed"}})
    judged = appraise(card, DEFAULT, marks)
    assert {f.id: f.verdict for f in judged.flags.proposed}[flag] == "confirmed"
    assert judged.interview.total == appraise(card, DEFAULT, all_marked(4)).interview.total


def test_json_carries_interview_hypotheses_and_flags() -> None:
    """The additive fields are plain JSON under the same schema name."""
    found = appraise(scored(EXPERT), DEFAULT, all_marked(4)).to_json()
    assert found["schema"] == "incidentsim-score/1"
    assert found["interview"]["rubric"]["id"] == "default"
    assert found["interview"]["domains"][0]["automatic"][0]["measure"] == "saved-with-method"
    assert found["hypotheses"]["identified"]["t_us"] == 70 * S
    assert {"id", "colour", "title", "text", "seqs", "verdict"} == set(found["flags"]["proposed"][0])
