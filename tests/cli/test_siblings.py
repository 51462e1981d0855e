"""`scenario vary`, and players who know an answer beforehand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.places import packaged_root
from incidentsim.scenario.siblings import Parent
from incidentsim.session.judging import shown_vocabulary
from incidentsim.specs.verbs import VERBS
from incidentsim.sweep.players import remembered
from tests.catalogue import shipped_with_variants
from tests.cli.conftest import FIXTURES, SCENARIO, CommandLine

PASS = 5.0
"""Practice index that no memoriser may reach."""

LEFT: dict[str, list[str]] = {
    "ask-me-later": ["set guardrail.timeout 2s", "set observability.log_sampling 25%", "set guardrail.timeout 400ms"],
    "declined-payments": [
        "pin feature-store snapshot=snap-1",
        "set pipeline.contract_mode enforce",
        "rerun job.nightly-profiles",
        "pin feature-store snapshot=latest",
    ],
    "fits-and-starts": ["set preprocessing.recycle_at 60%", "set preprocessing.recycle_at 85%"],
    "it-agrees-with-everybody": ["canary adviser-next 0%"],
    "late-translations": ["set router.max_metric_age 15s"],
    "pan-on-the-stove": ["set observability.metric_aliases on"],
    "refunds-for-nothing": ["shed prompt_tokens>1000 100%", "shed prompt_tokens>1000 0%"],
    "reviews-never-arrive": ["set gateway.client_retry_budget 0.1", "set gateway.cancel_propagation true"],
    "silent-in-waves": ["set autoscaler.min_replicas 6", "set autoscaler.scale_down_window 10m"],
    "slow-chat": ["set gateway.admission tokens"],
    "slower-by-the-minute": ["set control-plane.webhook_certificate watched"],
    "suggestions-hang": ["route prompt_tokens>12000 document-70b"],
    "tutor-falls-silent": ["restart tutor-70b-2"],
    "vague-answers": ["set retrieval.dual_index true", "set retrieval.dual_index false"],
    "wards-get-errors": ["failover shard-4"],
    "wrong-platform": ["set retrieval.freshness_label true"],
    "tickets-left-half-done": ["set gateway.retry_non_retryable false"],
    "vets-wait-for-notes": ["set writer-8b.max_num_seqs 96"],
    "forecasts-in-gibberish": ["canary writer-h100 0%", "canary writer-h100 40%"],
    "minutes-late-and-garbled": ["set preprocessing.recycle_at 75%"],
    "nobody-on-site": ["set observability.metric_aliases on", "set gateway.admission tokens"],
    "prices-that-dont-exist": ["failover shard-0"],
    "stranded-drivers-wait": [
        "set autoscaler.min_replicas 6",
        "set autoscaler.scale_down_window 10m",
        "set gateway.client_retry_budget 0.1",
    ],
}
"""What of the acts published for a scenario can still be done on its siblings: to no good. All others are refused."""

SHIPPED = shipped_with_variants()


@pytest.fixture
def varied(place: Path) -> Path:
    """Return the scenarios' folder, where one says in what siblings may differ."""
    folder = place / "scenarios" / SCENARIO
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    section = (FIXTURES.parent / "variants.yaml").read_text(encoding="utf-8")
    (folder / "scenario.yaml").write_text(text + section, encoding="utf-8")
    (folder / "variants").mkdir()
    less = '{"t": 70, "command": "limit {tenant.corner-shop} tokens 100k"}\n'
    (folder / "variants" / "less.jsonl").write_text(less, encoding="utf-8")
    (folder / "variants" / "refuse.jsonl").write_text('{"t": 60, "command": "shed all 30%"}\n', encoding="utf-8")
    return folder.parent


def test_vary_writes_siblings_that_can_be_played(incidentsim: CommandLine, varied: Path) -> None:
    """Siblings lie beside the others, are found by name and clean; a second time nothing is overwritten."""
    done = incidentsim("scenario", "vary", SCENARIO, "--count", "2", "--seed", "4")
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()[::2]] == [f"{SCENARIO}-v1", f"{SCENARIO}-v2"]
    assert incidentsim("scenario", "lint", f"{SCENARIO}-v1", f"{SCENARIO}-v2").code == 0
    again = incidentsim("scenario", "vary", SCENARIO, "--count", "3", "--seed", "5")
    assert again.code == 2
    assert "is there already" in again.err
    assert not (varied / f"{SCENARIO}-v3").exists()


def test_vary_says_what_differs_when_asked(incidentsim: CommandLine, varied: Path, tmp_path: Path) -> None:
    """Without --show the output gives nothing away; with it every difference has a line."""
    out = tmp_path / "out"
    silent = json.loads(incidentsim("scenario", "vary", SCENARIO, "--out", out, "--json").out)
    shutil.rmtree(out)
    told = json.loads(incidentsim("scenario", "vary", SCENARIO, "--out", out, "--json", "--show").out)
    assert silent[0]["digest"] == told[0]["digest"]
    assert silent[0]["differs"] == ["differs in choices, values, names; --show says in which"]
    assert any(line.startswith("cause: waived -> ") for line in told[0]["differs"])
    assert any(line.startswith("everywhere: chg-7 -> chg-") for line in told[0]["differs"])


def test_a_scenario_without_variants_is_refused(incidentsim: CommandLine) -> None:
    """The error says what is missing and where to read about it."""
    done = incidentsim("scenario", "vary", SCENARIO)
    assert done.code == 2
    assert "docs/variants.md" in done.err


def test_lint_tries_the_options(incidentsim: CommandLine, varied: Path) -> None:
    """A broken option is a finding of the rule sound-siblings, with choice and option."""
    path = varied / SCENARIO / "scenario.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("factor: 3", "factr: 3"), encoding="utf-8")
    done = incidentsim("scenario", "lint", SCENARIO)
    assert done.code == 1
    assert "cause: surge: sound-siblings: " in done.out
    assert "unknown parameter" in done.out
    assert "sound-siblings" in incidentsim("scenario", "lint", "--explain", "sound-siblings").out


def test_a_constant_answer_earns_nothing(incidentsim: CommandLine) -> None:
    """The same answer to every incident stays below 5 % of the practice index."""
    done = incidentsim("run", SCENARIO, "--policy", "constant_answer", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["score"]["practice_index"] < PASS


def test_a_memorised_answer_earns_nothing_on_a_sibling(incidentsim: CommandLine, varied: Path) -> None:
    """What earns points on the published scenario is refused or useless where something else is wrong."""
    known = incidentsim("run", SCENARIO, "--policy", "reference", "--json")
    assert json.loads(known.out)["score"]["practice_index"] > PASS
    for seed in range(20):
        incidentsim("scenario", "vary", SCENARIO, "--seed", str(seed), "--out", varied / f"s{seed}")
        sibling = varied / f"s{seed}" / f"{SCENARIO}-v1"
        if "cause: surge" in (sibling / "scenario.yaml").read_text(encoding="utf-8"):
            break
    done = incidentsim("run", sibling, "--policy", "memoriser", "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["score"]["practice_index"] < PASS
    assert result["rejected"]


def test_a_memoriser_needs_a_sibling(incidentsim: CommandLine) -> None:
    """On a scenario that is no sibling there is nothing to remember."""
    done = incidentsim("run", SCENARIO, "--policy", "memoriser")
    assert done.code == 2
    assert "is no sibling" in done.err


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_of_a_published_answer_is_right_on_siblings(name: str) -> None:
    """Its diagnoses are refused or name no cause; its acts are refused, but for some that do no good there."""
    parent = Parent(packaged_root() / name)
    memory = remembered(parent.scenario, seed=1)
    assert any(line.startswith("diagnose ") for _, line in memory)
    for number in range(1, 7):
        sibling = parent.sibling(number).scenario
        cast = make_cast(sibling, 1)
        names = shown_vocabulary(sibling, cast)
        truth = {(cast.shown(cause.component), cause.fault) for cause in sibling.root_causes}
        acts, said = [], set()
        for _, line in memory:
            try:
                command = parse(line, names)
            except CommandError:
                continue
            if VERBS[command.verb].group == "act" and not command.dry_run:
                acts.append(line.partition(" --")[0])
            elif command.verb == "diagnose":
                said.add((command.args["component"], command.args["fault"]))
        assert acts == LEFT.get(name, [])
        assert not said & truth
        if name == "slow-chat":
            assert sibling.overrides["gateway"]["admission"] == "tokens"
