"""`incidentsim scenario`: list, show, lint, new, schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import SCENARIO, CommandLine


def test_list_names_what_can_be_played(incidentsim: CommandLine) -> None:
    """Each scenario has a line with id, level, length and title."""
    done = incidentsim("scenario", "list")
    assert done.code == 0
    assert any(line.split() == [SCENARIO, "mid", "20m", "Answers", "start", "late"] for line in done.out.splitlines())


def test_list_as_json_has_the_promised_shape(incidentsim: CommandLine) -> None:
    """--json prints a list of objects with id and title."""
    listed = json.loads(incidentsim("scenario", "list", "--json").out)
    entry = next(e for e in listed if e["id"] == SCENARIO)
    assert (entry["title"], entry["duration_s"], entry["error"]) == ("Answers start late", 1200, "")


def test_a_broken_scenario_is_listed_not_hidden(incidentsim: CommandLine, place: Path) -> None:
    """A scenario that can't be loaded is listed with what to do about it."""
    break_it(place)
    done = incidentsim("scenario", "list")
    line = next(line for line in done.out.splitlines() if line.startswith(SCENARIO))
    assert line.endswith(f"can't be loaded; see: incidentsim scenario lint {SCENARIO}")


def test_scenarios_option_is_searched_first(incidentsim: CommandLine, place: Path) -> None:
    """--scenarios DIR wins over ./scenarios."""
    elsewhere = place / "elsewhere"
    (place / "scenarios").rename(elsewhere)
    assert SCENARIO not in incidentsim("scenario", "list").out
    assert SCENARIO in incidentsim("scenario", "list", "--scenarios", elsewhere).out


def test_show_tells_nothing_of_the_cause(incidentsim: CommandLine) -> None:
    """show prints the facts a player may know, and neither faults nor sources, which may name the cause."""
    done = incidentsim("scenario", "show", SCENARIO)
    assert done.code == 0
    assert "Answers start late" in done.out
    facts = json.loads(incidentsim("scenario", "show", SCENARIO, "--json").out)
    assert facts.keys() == {
        "id", "version", "title", "summary", "level", "duration", "prelude", "stack", "skills", "shapes",
        "objectives", "team", "hints", "digest",
    }  # fmt: skip
    for told in (done.out, json.dumps(facts)):
        assert not re.search(r"waiver|chg-7|context_growth|length_blind|FAULT|removed", told)
    assert "pool chat-pool: llama-3.1-8b" in done.out
    assert "--for interviewer" in done.out


def test_show_for_interviewers_tells_the_truth_and_says_so(incidentsim: CommandLine) -> None:
    """With --for interviewer the timeline, the causes with evidence and the causal graph follow a warning."""
    out = incidentsim("scenario", "show", SCENARIO, "--for", "interviewer").out
    assert out.startswith("FOR INTERVIEWERS AND AUTHORS ONLY")
    for line in (
        "        -2d  change chg-7: waiver of tenant.{tenant.strategic} by {person.account-manager}: Token\n",
        "    T-07:00  FAULT growth: context_growth of tenant.strategic",
        "    T+00:00  PAGE: First tokens are late for many users",
        "      inspect:gateway + trace",
        "    gone when tenant.strategic.token_limit is not unlimited or an end of waiver chg-7 is agreed",
        "  organisation  ◀ root cause waiver\n  └▶ tenant.strategic\n     └▶ chat-pool\n",
        "  8 points, from 4m on: What does the front door count?",
    ):
        assert line in out
    truth = json.loads(incidentsim("scenario", "show", SCENARIO, "--for", "interviewer", "--json").out)["parts"]
    assert "Causal graph" in truth


def test_show_draws_graphs_with_circles(incidentsim: CommandLine) -> None:
    """A graph that comes back to where it began is drawn once, and marked where it comes back."""
    out = incidentsim("scenario", "show", "late-translations", "--for", "interviewer").out
    assert "└▶ router  ◀ root cause trust\n        └▶ chat-eu  ◀ root cause ghost ↑\n" in out


def test_new_makes_a_scenario_that_lints_clean(incidentsim: CommandLine, place: Path) -> None:
    """A new scenario is found by its name, has no findings, and is never overwritten."""
    made = incidentsim("scenario", "new", "answers-take-long")
    assert made.code == 0
    folder = place / "scenarios" / "answers-take-long"
    assert made.out.splitlines()[0] == "scenarios/answers-take-long/scenario.yaml"
    assert incidentsim("scenario", "lint", "answers-take-long").out == "answers-take-long: fine\n"
    assert "Answers take long" in incidentsim("scenario", "list").out
    (folder / "briefing.md").write_text("mine", encoding="utf-8")
    again = incidentsim("scenario", "new", "answers-take-long")
    assert again.code == 2
    assert "is there already" in again.err
    assert (folder / "briefing.md").read_text(encoding="utf-8") == "mine"


def test_new_refuses_what_can_not_be_a_name(incidentsim: CommandLine, place: Path) -> None:
    """A name with a path or capitals in it is refused, and nothing is written."""
    before = sorted(place.rglob("*"))
    for name in ("../x", "Slow", "a/b", "-x", "x" * 41, "über"):
        assert incidentsim("scenario", "new", "--", name).code == 2
    assert sorted(place.rglob("*")) == before


def test_an_unknown_scenario_gets_a_suggestion(incidentsim: CommandLine) -> None:
    """A name that isn't there ends with 2 and names the nearest one."""
    done = incidentsim("scenario", "show", "slow-answer")
    assert done.code == 2
    assert f"did you mean '{SCENARIO}'?" in done.err


def test_lint_prints_findings_and_ends_with_1(incidentsim: CommandLine) -> None:
    """Findings are printed as scenario, place, rule and message; the code is 1."""
    done = incidentsim("scenario", "lint", SCENARIO)
    findings = json.loads(incidentsim("scenario", "lint", SCENARIO, "--json").out)[0]["findings"]
    assert done.code == (1 if findings else 0)
    for finding in findings:
        assert f"{SCENARIO}: {finding['where']}: {finding['rule']}: " in done.out


def test_lint_of_a_broken_file_ends_with_2(incidentsim: CommandLine, place: Path) -> None:
    """Every mistake is printed with file, line and column; the code is 2."""
    break_it(place)
    done = incidentsim("scenario", "lint", "--all")
    assert done.code == 2
    assert "scenario.yaml:4:" in done.out


def test_lint_needs_something_to_check(incidentsim: CommandLine) -> None:
    """Neither names nor --all is bad usage."""
    assert incidentsim("scenario", "lint").code == 2


def test_lint_explains_a_rule(incidentsim: CommandLine) -> None:
    """--explain RULE prints what the rule wants; an unknown rule ends with 2."""
    assert "page-at-zero: Exactly one page" in incidentsim("scenario", "lint", "--explain", "page-at-zero").out
    assert incidentsim("scenario", "lint", "--explain", "nope").code == 2


def test_schema_is_json_schema(incidentsim: CommandLine) -> None:
    """schema prints the scenario's schema, with --stack the stack's."""
    assert json.loads(incidentsim("scenario", "schema").out)["title"] == "incidentsim scenario"
    assert json.loads(incidentsim("scenario", "schema", "--stack").out)["title"] == "incidentsim stack"


def break_it(place: Path) -> None:
    """Give the scenario a title that is not text."""
    path = place / "scenarios" / SCENARIO / "scenario.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("summary: Users", "sumary: Users"), encoding="utf-8")
