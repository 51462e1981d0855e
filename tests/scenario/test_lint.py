"""Lint rules: the fixture is clean, and each rule finds what it is for."""

from __future__ import annotations

import pytest

from incidentsim.errors import UsageError
from incidentsim.scenario.lint import RULES, explain, lint
from incidentsim.scenario.model import Scenario
from tests.scenario.conftest import Workshop

PAGE = "First tokens are late for many users"
TEMPTING = "tempting:\n  - {name: scale-out, file: reference/scale.jsonl, summary: More replicas}\n"
HELD_OUT = "held_out: {name: block-long, file: other/shed.jsonl, summary: Refuse long prompts}\n"

FAILING: dict[str, tuple[str, list[tuple[str, str]], str, str]] = {
    "fault kind": ("no-truth-in-text",
                   [("summary: Users wait", "summary: A context growth makes users wait")],
                   "summary", "names the fault kind context_growth; say what users notice instead"),
    "component and fault": ("no-truth-in-text", [(PAGE, "The gateway's admission lets too much in")],
                            "timeline[2].page.text",
                            "names gateway and 'admission' in one sentence: the root cause admission"),
    "culprit's id": ("no-truth-in-text", [(PAGE, "The strategic customer is slow")], "timeline[2].page.text",
                     "holds the stable id 'strategic' of a tenant that causes the incident; leave it out"),
    "culprit's name": ("no-truth-in-text", [("{tenant.corner-shop} asks", "{tenant.strategic} asks")],
                       "timeline[3].message.text",
                       "names {tenant.strategic} but not all tenants: it points at the culprit"),
    "telling title": ("id-names-symptom", [("title: Answers start late", "title: Blind to length")],
                      "title", "'blind' names the root cause admission; name what users notice"),
    "telling id": ("id-names-symptom", [("id: slow-answers", "id: slow-strategic")],
                   "id", "names the tenant 'strategic'; name what users notice"),
    "late change": ("unreachable-evidence", [("at: -2d", "at: 16m")], "root_causes[0].evidence[0][0]",
                    "change:chg-7: the change comes at 16m, too late to be used"),
    "late colleague": ("unreachable-evidence", [("arrives_in: 90s", "arrives_in: 18m")],
                       "root_causes[0].evidence[1][1]",
                       "ask:account-manager/contract: the team-mate answers too late for it to be used"),
    "one evidence set": ("two-evidence-sets", [('      - ["inspect:gateway", "trace"]\n', "")],
                         "root_causes[1].evidence",
                         "admission has one evidence set; give a second one"),
    "one fix": ("two-fixes", [("file: reference/tokens.jsonl", "file: reference/limit.jsonl")], "references",
                "1 reference solution; give at least two that differ"),
    "nothing tempting": ("tempting-fix",
                         [(TEMPTING, "")],
                         "tempting", "no tempting wrong fix; add the one that people try first"),
    "nothing held out": ("held-out-fix",
                         [(HELD_OUT, "")],
                         "held_out", "no held-out fix; add a solution that no other list mentions"),
    "late page": ("page-at-zero", [("  - at: 0\n", "  - at: 10s\n")], "timeline",
                  "0 pages at 0s; there must be exactly one"),
    "early page": ("page-at-zero",
                   [("  - at: 4m\n", "  - at: -1m\n    page: {text: Late, source: x}\n  - at: 4m\n")],
                   "timeline[3].at", "a page at -1m; the first page is at 0s"),
    "even spacing": ("perfectly-periodic",
                     [("  - at: 4m\n", "  - at: 7m\n    message: {who: platform, text: Hm}\n  - at: 14m\n")],
                     "timeline", "4 events in a row are 7m apart; move some"),
    "flat demand": ("perfectly-periodic",
                    [("      rate: 2.5\n", "      rate: 2.5\n      breathing: 0\n"),
                     ("      rate: 4\n", "      rate: 4\n      breathing: 0\n")],
                    "tenants", "no tenant's demand breathes; give some a workload.breathing above 0"),
}  # fmt: skip


def test_a_good_scenario_is_clean(scenario: Scenario) -> None:
    """No rule finds anything in the fixture: each passes there."""
    assert lint(scenario) == ()


@pytest.mark.parametrize("name", FAILING)
def test_a_rule_finds_what_it_is_for(workshop: Workshop, name: str) -> None:
    """Each flaw gives the rule's finding at its place, with what to do."""
    rule, changes, where, message = FAILING[name]
    findings = lint(workshop.edit(*changes).load())
    assert (rule, where, message) in [(f.rule, f.where, f.message) for f in findings]


def test_untraced_requests_are_no_evidence(workshop: Workshop) -> None:
    """A trace can't be evidence when no request is sampled."""
    workshop.edit(("alert_rules:", "observability: {trace_sampling: 0}\nalert_rules:"), file="stacks/mini.yaml")
    (finding,) = lint(workshop.load())
    assert finding.where == "root_causes[1].evidence[0][1]"
    assert finding.message == "trace: no trace is sampled (observability.trace_sampling is 0)"


def test_every_rule_has_a_failing_case() -> None:
    """No rule is without a case above that it finds."""
    assert {case[0] for case in FAILING.values()} == set(RULES)


def test_rules_explain_themselves() -> None:
    """Every rule has a reason, and an unknown rule gets a suggestion."""
    for rule in RULES:
        assert len(explain(rule)) > len(rule) + 40
    with pytest.raises(UsageError, match=r"did you mean 'page-at-zero'\?"):
        explain("page-at-zeros")
