"""The view model: what a report says, and what each reader may see."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from incidentsim.exact import canonical_json
from incidentsim.report.as_json import to_json, to_text
from incidentsim.report.build import build_report, linked_seqs
from incidentsim.report.inputs import Extras
from incidentsim.report.model import Audience
from tests.report import sample


@pytest.mark.parametrize("audience", ["interviewer", "candidate"])
def test_the_view_model_is_the_golden_one(audience: Audience) -> None:
    """A play gives exactly this model; `python -m tests.report.sample` writes it again after a wanted change."""
    wanted = json.loads(sample.GOLDEN.read_text(encoding="utf-8"))[audience]
    assert sample.golden(audience) == wanted


def test_the_json_form_is_named_sorted_and_repeatable() -> None:
    """The JSON names its schema, and the same play gives the same bytes."""
    text = to_text(sample.report())
    assert json.loads(text)["schema"] == "incidentsim-report/1"
    assert text == to_text(sample.report())


def test_every_link_leads_to_a_line_of_the_report() -> None:
    """Each transcript number that a reader may follow is a row of the transcript at the end."""
    for audience in ("interviewer", "candidate"):
        report = sample.report(audience)
        assert linked_seqs(report)
        assert set(linked_seqs(report)) <= {row.seq for row in report.records}


def test_every_number_names_a_rule_that_is_explained() -> None:
    """Parts and figures name rules, and the rules are in the report."""
    report = sample.report()
    assert report.score is not None
    known = {rule.id for rule in report.rules}
    assert {part.rule for part in report.score.parts} <= known
    assert {fact.rule for fact in report.facts} <= known


def test_a_candidate_gets_the_truth_but_nothing_private() -> None:
    """After the end a candidate sees causes and credit; marks, flags, notes and missing steps are not in the model."""
    report = sample.report("candidate")
    text = canonical_json(to_json(report))
    assert report.causes and report.moves[0].credit == 900.0
    assert (report.interview, report.flags, report.notes) == (None, (), ())
    for secret in ("PRIVATE", "MARK", "FLAG", "SECRET STEP", "Mitigation choice", "Ana "):
        assert secret not in text
        assert secret in canonical_json(to_json(sample.report("interviewer")))


def test_a_candidate_gets_no_truth_before_the_end() -> None:
    """While a session can go on, a candidate's report has no causes, verdicts, evidence, score or burn."""
    report = sample.report("candidate", ended=False)
    text = canonical_json(to_json(report))
    assert not (report.causes or report.herrings or report.never or report.facts or report.rules)
    assert report.score is None and report.together is None and report.postmortem is None
    assert all(move.credit is None and not move.unsafe for move in report.moves)
    assert not any(row.truth for row in report.records)
    assert not any(panel.key.startswith("burn") for panel in report.chart.panels)
    for secret in ("context_growth", "right", "agents", "seen before", "truth:"):
        assert secret not in text
    assert "has not ended" in report.limits[0]


def test_an_interviewer_may_look_before_the_end() -> None:
    """An interviewer's report of an unfinished session holds the truth and says that it has not ended."""
    report = sample.report("interviewer", ended=False)
    assert report.causes and report.head.ended == "not ended"


def test_what_needs_a_world_is_said_to_be_missing() -> None:
    """Without re-simulation there are no effects and no index; everything else is there, and the report says so."""
    record = sample.transcript()
    report = build_report(sample.card(record, measured=False), record, sample.scenario())
    assert not report.head.measured
    assert {move.effect for move in report.moves} == {"not measured"}
    assert report.score is not None and "could not be run again" in report.score.interval
    assert [fact.value for fact in report.facts if fact.rule in ("S", "index")] == ["not measured", "not measured"]
    assert report.causes and report.diagnosis and report.never
    assert "not known" in report.chart.note and "Signals are not shown" in report.chart.note
    assert [curve.kind for panel in report.chart.panels for curve in panel.curves] == ["recorded"]


def test_an_older_score_without_optional_sections_is_enough() -> None:
    """A score without interview, hypotheses and flags gives a report without them; hypotheses come from the record."""
    record = sample.transcript()
    bare = {k: v for k, v in sample.card(record).items() if k not in ("interview", "hypotheses", "flags")}
    report = build_report(bare, record, sample.scenario(), extras=Extras())
    assert (report.interview, report.flags, report.postmortem) == (None, (), None)
    assert [(h.number, h.steps, h.state) for h in report.hypotheses] == [(1, "60 % at T+00:30", "open")]


def test_measures_without_a_rubric_are_shown_without_points() -> None:
    """A score without a rubric shows its automatic measures, and says how to get points."""
    record = sample.transcript()
    scored = sample.card(record)
    scored["interview"] = {"measures": scored["interview"]["measures"], "rubric": None}
    view = build_report(scored, record, sample.scenario()).interview
    assert view is not None and "--rubric" in view.result[0]
    assert [(line.title, line.got) for line in view.domains[0].lines] == [("durable", None)]


def test_known_errors_are_shown_beside_their_numbers() -> None:
    """Standard errors from sibling seeds appear at the index, the part and the action."""
    record = sample.transcript()
    scored = sample.card(record)
    scored |= {"errors": {"practice_index": 2.5, "S": 0.04}, "siblings": [{}, {}], "credit_form": {"form": "exact"}}
    scored["moves"][0]["credit_error"] = 30.0
    report = build_report(scored, record, sample.scenario())
    assert report.score is not None and report.score.interval.startswith("± 2.5")
    assert next(part.value for part in report.score.parts if part.key == "S") == "0.800 ± 0.040"
    assert report.moves[0].error == 30.0
    assert report.method is not None and "add up" in report.method.text


def test_users_counts_come_from_the_record() -> None:
    """The summary counts bad requests from the first harm on, and names who was hit hardest."""
    felt = sample.report().summary[2].sentences
    assert "First token” was missed for 1,200 of" in felt[1].text
    assert "hardest hit was read-labs (" in felt[1].text


def test_a_session_without_harm_says_so() -> None:
    """When no objective burned, the report tells nothing of harm."""
    record = sample.transcript()
    calm = replace(record, records=tuple(r for r in record.records if r.type != "checkpoint"))
    report = build_report(sample.card(record), calm, sample.scenario())
    assert [s.text for s in report.summary[2].sentences] == [
        "No objective burned faster than allowed while the session lasted."
    ]
