"""Every check of a certificate on a small incident of the real world: seen to pass, and seen to fail."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from incidentsim.certify.courses import watch
from incidentsim.certify.player_checks import LADDER, difficulty_check, policies_check, texts_check
from incidentsim.certify.runs import Value, observe
from incidentsim.certify.scripts import results
from incidentsim.certify.signals import decoy_faults, decoy_world, evidence_items, first_shown, usual
from incidentsim.certify.solution_checks import alternatives_check, references_check, wrong_fixes_check
from incidentsim.certify.world_checks import (
    deterministic_check,
    evidence_check,
    first_signal_s,
    healthy_check,
    unattended_check,
)
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.sweep.cell import Cell
from incidentsim.sweep.run import Outcome
from incidentsim.sweep.store import Record
from tests.certify.small import small

SEED = 1


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Return the small incident."""
    return small(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="module")
def seen(incident: Scenario) -> dict[int, Value]:
    """Return what shows of it when nobody acts."""
    return {SEED: observe(incident, SEED)}


@pytest.fixture(scope="module")
def done(incident: Scenario) -> dict[int, Value]:
    """Return what its scripts do."""
    found = results(incident, SEED)
    return {SEED: {name: {"loss": r.loss, "saved": r.saved, "held": r.held, "violations": r.violations}
                   for name, r in found.items()}}  # fmt: skip


def without_faults(scenario: Scenario) -> Scenario:
    """Return a scenario in which nothing goes wrong, though it says so."""
    quiet = tuple(entry for entry in scenario.timeline if entry.fault is None)
    return scenario.model_copy(update={"timeline": quiet})


def changed(values: dict[int, Value], **parts: object) -> dict[int, Value]:
    """Return a copy with some parts of the only seed replaced."""
    copy = deepcopy(values)
    copy[SEED].update(parts)
    return copy


def test_the_healthy_twin_passes_and_a_page_fails(incident: Scenario, seen: dict[int, Value]) -> None:
    """Without faults the small stack keeps its objective; a missed one or a page is told with its seed."""
    assert healthy_check(incident, seen).problems == ()
    calm = {"share": {"ttft": 0.2}, "missed": ["ttft"], "pages": ["SlowFirstToken at 2:00"]}
    assert healthy_check(incident, changed(seen, healthy=calm)).problems == (
        "seed 1: the healthy stack misses ttft",
        "seed 1: the healthy stack pages: SlowFirstToken at 2:00",
    )


def test_an_incident_without_harm_fails(incident: Scenario, seen: dict[int, Value]) -> None:
    """The incident breaches when left alone; the same scenario without its fault does not, and that is told."""
    assert unattended_check(seen, 0.0).ok
    quiet = {SEED: observe(without_faults(incident), SEED)}
    assert unattended_check(quiet, 0.0).problems == ("seed 1: no objective is missed over the last ten minutes",)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (0.4, "do_nothing gets 0.4 points, expected 0"),
        (None, "do_nothing was not played, so its points are not known"),
    ],
)
def test_doing_nothing_earns_nothing(seen: dict[int, Value], points: float | None, said: str) -> None:
    """Points for nothing fail the check, and so does not having looked."""
    assert unattended_check(seen, points).problems == (said,)


def test_references_need_effect_and_ninety_points(incident: Scenario, done: dict[int, Value]) -> None:
    """A reference passes with objectives held and 90 points; what lacks is told by script."""
    good = deepcopy(done)
    for script in incident.references:
        good[SEED][script.name]["held"] = True
    assert references_check(incident, good, {"limit-tenant": [95.0], "count-tokens": [90.0]}).ok
    good[SEED]["count-tokens"]["held"] = False
    assert references_check(incident, good, {"limit-tenant": [89.0], "count-tokens": []}).problems == (
        "limit-tenant scores 89.0 on average, expected 90 or more",
        "count-tokens leaves an objective missed at the end on seed 1",
        "count-tokens could not be scored",
    )


def test_an_incident_with_nothing_to_win_fails(incident: Scenario, done: dict[int, Value]) -> None:
    """References that save little of the harm make scores mean little."""
    idle = done[SEED]["nothing"]["loss"]
    poor = deepcopy(done)
    for script in incident.references:
        poor[SEED][script.name] |= {"loss": 0.9 * idle, "held": True}
    found = references_check(incident, poor, {"limit-tenant": [95.0], "count-tokens": [95.0]}).problems
    assert [problem.partition(" on seed")[0] for problem in found] == [
        "the best reference saves less than 20% of the harm"
    ]


def test_an_unlisted_fix_does_as_well(incident: Scenario, done: dict[int, Value]) -> None:
    """The held-out fix saves as much as the best reference; one of four fifths fails, and so does a lack of sets."""
    assert done[SEED]["block-long"]["saved"] > 0.9
    assert alternatives_check(incident, done).ok
    weak = deepcopy(done)
    weak[SEED]["block-long"]["saved"] = 0.8
    assert alternatives_check(incident, weak).problems == (
        "block-long saves 80% of what the best reference saves, expected 90% or more",
    )
    causes = tuple(cause.model_copy(update={"evidence": cause.evidence[:1]}) for cause in incident.root_causes)
    lone = incident.model_copy(update={"references": incident.references[:1], "root_causes": causes})
    assert len(alternatives_check(lone, done).problems) == 3


def test_a_wrong_fix_that_helps_fails(incident: Scenario, done: dict[int, Value]) -> None:
    """Restarting does not help; put a solution in its place, and the check says how much that helps."""
    assert wrong_fixes_check(incident, done).rows[0]["verdict"] in ("harm", "no help")
    assert wrong_fixes_check(incident, done).ok
    right, wrong = incident.references[1], incident.tempting[0]
    scripts = incident.scripts | {wrong.file: incident.scripts[right.file].replace("10k", "11k")}
    helping = incident.model_copy(update={"scripts": scripts})
    saved = results(helping, SEED)[wrong.name].saved
    assert saved > 0.9
    swapped = deepcopy(done)
    swapped[SEED][wrong.name]["saved"] = saved
    assert wrong_fixes_check(helping, swapped).problems == (
        f"scale-out helps: it saves {saved:.0%} of what the best reference saves, and the objectives hold at the end "
        "on 0 of 1 seeds",
    )


def test_a_broken_invariant_is_harm(incident: Scenario, done: dict[int, Value]) -> None:
    """A wrong fix that helps users and breaks what must stay as it is counts as harm."""
    costly = deepcopy(done)
    costly[SEED]["scale-out"] |= {"saved": 0.7, "violations": ["nobody may be locked out"]}
    assert wrong_fixes_check(incident, costly).rows[0]["verdict"] == "harm"


def outcome(*scores: tuple[str, float], held: bool = False) -> Outcome:
    """Return a sweep of the small incident with these practice indices."""
    records = tuple(
        Record(
            cell=Cell(scenario="small", player=player, seed=SEED), scenario_digest="",
            result={
                "sli": {}, "cost_microdollars": 0, "objectives_met_last_10_min": {"ttft": held},
                "score": {"practice_index": index, "parts": {"S": {"value": 1.0}}},
            },
        )
        for player, index in scores
    )  # fmt: skip
    return Outcome(records=records, played=0, digest="", results=Path())


def test_margins_between_players(incident: Scenario) -> None:
    """Reference, novice and gaming players stay apart; a habit that restores the objectives is no incident."""
    players = ("reference", "novice", "restart_all")
    assert policies_check(incident, players, outcome(("reference", 95.0), ("novice", 50.0), ("restart_all", 0.0))).ok
    near = outcome(("reference", 55.0), ("novice", 50.0), ("restart_all", 45.0), held=True)
    assert policies_check(incident, players, near).problems == (
        "reference 55.0 is not 10 above novice 50.0",
        "restart_all gets 45.0, more than 25",
        "novice 50.0 is not 10 above restart_all 45.0",
        "restart_all restores every objective on 1 of 1 seeds",
    )


def test_scaling_may_help_where_a_reference_scales(incident: Scenario) -> None:
    """More machines are the way out only in scenarios that list them as a fix."""
    scaled = outcome(("scale_first", 5.0), held=True)
    assert not policies_check(incident, ("scale_first",), scaled).ok
    script = incident.references[0].file
    scripts = incident.scripts | {script: '{"t": 5, "command": "scale chat-pool 4"}'}
    assert policies_check(incident.model_copy(update={"scripts": scripts}), ("scale_first",), scaled).ok


def test_evidence_shows_when_the_incident_leaves_the_decoys_behind(incident: Scenario, seen: dict[int, Value]) -> None:
    """Tokens by tenant leave their range half a minute after the burst; the first set is there at once."""
    check = evidence_check(incident, seen)
    assert check.problems == ()
    shown = seen[SEED]["shown"]["waiver"]
    assert shown["change:chg-7"] == 0
    assert 20_000_000 <= shown["metric:gateway_tokens_total@tenant"] <= 60_000_000
    assert shown["ask:account-manager/contract"] == 10_000_000 + 45_000_000
    assert check.rows[0]["first set"] == 0
    assert first_signal_s(check) == max(float(row["first measured set"]) for row in check.rows) <= 60


def test_evidence_that_never_differs_fails(incident: Scenario) -> None:
    """Without the fault its metrics stay in their range: a cause with such evidence alone can't be found."""
    quiet = {SEED: observe(without_faults(incident), SEED)}
    check = evidence_check(incident, quiet)
    never = "no metric or log that is evidence for waiver differs from a world without it by 3:36 (it never is)"
    assert f"seed 1: {never}" in check.problems
    alone = {"evidence": (("metric:gateway_tokens_total@tenant",),)}
    only = tuple(cause.model_copy(update=alone) for cause in incident.root_causes)
    blind = incident.model_copy(update={"root_causes": only})
    found = evidence_check(blind, quiet).problems
    assert found[0] == "seed 1: no evidence for waiver is complete by 3:36 (it never is)"


def test_evidence_after_the_deadline_fails(incident: Scenario, seen: dict[int, Value]) -> None:
    """What shows in the last third of an incident can't be used."""
    late = deepcopy(seen)
    for items in late[SEED]["shown"].values():
        items |= dict.fromkeys(items, 300_000_000)
    assert "is complete by 3:36 (it is at 5:00)" in evidence_check(incident, late).problems[0]


def test_a_decoy_of_the_same_kind_hides_the_evidence(incident: Scenario, seen: dict[int, Value]) -> None:
    """A fault beside the point that moves the same metric makes it evidence only where it goes further."""
    growth = next(entry for entry in incident.timeline if entry.fault is not None)
    assert growth.fault is not None
    causes = tuple(c.model_copy(update={"aliases": (), "chain": ()}) for c in incident.root_causes)
    decoyed = incident.model_copy(update={"root_causes": causes})
    assert [entry.fault and entry.fault.id for entry in decoy_faults(decoyed)] == ["growth"]
    assert decoy_faults(incident) == ()
    tokens = "metric:gateway_tokens_total@tenant"
    cast, items = make_cast(incident, SEED), evidence_items(incident)
    known = usual(watch(decoy_world(decoyed), SEED), items, cast)
    shown = first_shown(watch(incident, SEED), incident.root_causes[0], items, known, cast)
    with_decoy, without = shown[tokens], seen[SEED]["shown"]["waiver"][tokens]
    assert with_decoy is None or with_decoy > without + 60_000_000


def test_a_leak_in_the_summary_fails(incident: Scenario) -> None:
    """A summary that names the fault is found before anybody plays."""
    assert texts_check(incident).ok
    leaking = incident.model_copy(update={"summary": "The gateway's length-blind admission lets everything in."})
    assert any("length_blind_admission" in problem for problem in texts_check(leaking).problems)


def test_runs_that_differ_fail(seen: dict[int, Value]) -> None:
    """Two runs of the real world agree; a changed digest, and a run that takes too long, are told."""
    assert deterministic_check(seen).ok
    other = changed(seen, second={**seen[SEED]["first"], "tel": "0"}, cpu_s=12.0)
    assert deterministic_check(other).problems == (
        "seed 1: two runs differ in their digest tel",
        "a run takes more than 10 s of processor time on the machine that certified",
    )


def test_difficulty_is_measured(incident: Scenario) -> None:
    """The ladder's mean decides; a level two steps away, or a ladder with a rung missing, fails."""
    easy = dict.fromkeys(LADDER, 80.0)
    check = difficulty_check(incident, easy)
    assert (check.ok, check.figures["measured"], check.figures["declared"]) == (True, "easy", "medium")
    staff = incident.model_copy(update={"level": "staff"})
    assert difficulty_check(staff, easy).problems == ("the level staff declares hard, and the ladder measures easy",)
    del easy["novice"]
    assert difficulty_check(incident, easy).problems == ("novice has no score, so difficulty is not measured",)
