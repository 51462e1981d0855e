"""Controls of action items are read, put in place, run, and priced."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.play import names_of
from incidentsim.scoring.postmortem.controls import Controls, controls_of, with_controls
from incidentsim.scoring.postmortem.document import read
from incidentsim.scoring.postmortem.prevention import Preventions, preventions
from incidentsim.scoring.postmortem.protocol import Trial, TrialOutcome
from incidentsim.scoring.protocol import Outcome
from tests.scoring.postmortem.incidents import incident

RULE = """
  ```yaml
  - alert: PromptTokens
    expr: max(rate(gateway_tokens_total[2m])) > 40000
    for: 1m
  ```
"""


def items_of(text: str, name: str = "slow-chat") -> list[Controls]:
    """Return the controls of the action items of a text."""
    scenario, cast = incident(name)
    document = read(f"## Action items\n{cast.render(text)}")
    return [controls_of(item, scenario, names_of(cast, scenario)) for item in document.items]


def toy(trials: Sequence[Trial], /) -> list[TrialOutcome]:
    """Answer as a world would in which only token admission helps, and costs ten requests where all is well."""
    out = []
    for trial in trials:
        tokens = trial.scenario.overrides["gateway"].get("admission") == "tokens"
        sick = any(entry.fault for entry in trial.scenario.timeline)
        bad = (400 if tokens else 1000) if sick else (10 if tokens else 0)
        cost = 2_000_000 + 500_000 * tokens
        outcome = Outcome(sli={"ttft/strategic": (5000, bad)}, cost_microdollars=cost, series={})
        fired = {name: -30_000_000 - trial.seed for name in trial.watch if sick}
        out.append(TrialOutcome(outcome=outcome, fired_us=fired))
    return out


def proven(text: str) -> Preventions:
    """Return what the toy makes of the action items of a text."""
    scenario, cast = incident("slow-chat")
    document = read(f"## Action items\n{cast.render(text)}")
    return preventions(document.items, scenario, names_of(cast, scenario), toy, (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("- x\n  - control: gateway.admission=tokens", "gateway.admission", "tokens"),
        ("- x\n  control: `gateway.client_retry_budget = 0.1`", "gateway.client_retry_budget", "0.1"),
        ("- x (control: gateway.client.retry.budget=0.1)", "gateway.client_retry_budget", "0.1"),
        ("- x\n  * **Control:** set gateway.admission tokens", "gateway.admission", "tokens"),
        ("- x\n  control: tenant.{tenant.strategic}.token_limit=1300k", "tenant.strategic.token_limit", "1300k"),
        ("- x\n  control: {tenant.strategic}.token_limit=1300k", "tenant.strategic.token_limit", "1300k"),
    ],
)
def test_a_knob_control_is_read_in_the_scenarios_ids(text: str, path: str, value: str) -> None:
    """Shown names, dots in place of underscores and the wording of commands all name the same knob."""
    (controls,) = items_of(text)
    assert [(s.path, s.value) for s in controls.settings] == [(path, value)], controls.problem


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- x\n  control: gatway.admission=tokens", "gateway"),
        ("- x\n  control: gateway.admision=tokens", "admission"),
        ("- x\n  control: gateway.admission=sometimes", "takes one of"),
        ("- x\n  control: be more careful!", "no component"),
        ("- x\n  control: alert TTFTBurnRateFast: up == 0", "already"),
        ("- x\n  control: alert New: sum(", "New"),
    ],
)
def test_a_control_that_can_not_be_says_why(text: str, hint: str) -> None:
    """A misspelt knob, a value out of bounds or a broken rule is a problem of that item, with a hint."""
    (controls,) = items_of(text)
    assert not controls.settings
    assert not controls.rules
    assert hint in controls.problem


def test_an_alert_rule_is_read_from_a_block_and_from_a_line() -> None:
    """Prometheus syntax below the item and the short form in one line give the same rule."""
    short = "control: alert PromptTokens: max(rate(gateway_tokens_total[2m])) > 40000 for 1m"
    block, line = items_of(f"- x\n{RULE}\n- y\n  {short}")
    assert block.rules == line.rules != ()


def test_an_item_without_a_control_is_for_a_person() -> None:
    """Nothing is measured of an item that names no control, and nothing is wrong with it."""
    (controls,) = items_of("- talk to the account team")
    assert (controls.settings, controls.rules, controls.problem) == ((), (), "")


def test_a_control_holds_against_the_timeline() -> None:
    """A held contract limit refuses the waiver; without the control the waiver stays."""
    scenario, _ = incident("slow-chat")
    held = with_controls(scenario, items_of("- x\n  control: {tenant.strategic}.token_limit=900k"))
    assert not any(e.change and e.change.waiver for e in held.timeline)
    assert held.tenant("strategic").token_limit == 900_000
    assert held.digest != scenario.digest
    other = with_controls(scenario, items_of("- x\n  control: gateway.admission=tokens"))
    assert any(e.change and e.change.waiver for e in other.timeline)


def test_prevention_is_a_share_of_doing_nothing_with_its_price() -> None:
    """600 of 1000 bad requests less, minus half a dollar at two requests: 59.9 %; ten requests in a healthy world."""
    found = proven("- x\n  control: gateway.admission=tokens")
    measure = found.items[0].measure
    assert measure is not None
    assert measure.prevented == pytest.approx(0.599)
    assert (measure.least, measure.greatest) == (measure.prevented, measure.prevented)
    assert (measure.healthy_bad, measure.healthy_dollars) == (10, 0.5)
    assert found.share == pytest.approx(0.599)


def test_a_control_that_does_nothing_prevents_nothing() -> None:
    """A setting that the world doesn't mind has share 0."""
    assert proven("- x\n  control: gateway.retry_budget=0.1").share == 0


def test_an_alert_rule_is_told_by_when_it_fires() -> None:
    """It fires half a minute before the page, in all incidents and in no healthy run, and prevents nothing itself."""
    found = proven(f"- x\n{RULE}")
    measure = found.items[0].measure
    assert measure is not None
    assert (measure.lead_us, measure.fires, measure.false_alarms) == (30_000_002, 3, 0)
    assert measure.prevented is None
    assert found.share is None


def test_several_controls_are_also_run_together() -> None:
    """With two settings the share is that of both in place."""
    found = proven("- x\n  control: gateway.retry_budget=0.1\n- y\n  control: gateway.admission=tokens\n- z")
    assert found.together is not None
    assert found.share == pytest.approx(0.599)
    assert [i.measure is not None for i in found.items] == [True, True, False]


def test_without_worlds_nothing_is_measured() -> None:
    """An editor checks without running anything."""
    scenario, cast = incident("slow-chat")
    document = read("## Action items\n- x\n  control: gateway.admission=tokens")
    found = preventions(document.items, scenario, names_of(cast, scenario), None, (1,))
    assert found.share is None
    assert found.items[0].measure is None


def test_scenarios_are_not_changed_in_place() -> None:
    """Putting a control in place leaves the scenario that was given as it was."""
    scenario, _ = incident("slow-chat")
    before: Scenario = scenario.model_copy(deep=True)
    with_controls(scenario, items_of(f"- x\n  control: gateway.admission=tokens\n{RULE}"))
    assert scenario == before
