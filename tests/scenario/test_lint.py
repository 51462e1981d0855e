"""Lint rules: the fixture is clean, and each rule finds what it is for."""

from __future__ import annotations

import pytest

from incidentsim.errors import UsageError
from incidentsim.scenario.catalogue import find, folders
from incidentsim.scenario.lint import EVERY_RULE, RULES, explain, lint
from incidentsim.scenario.linting.signals import MADE_BY
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.places import packaged_root
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.metrics import METRICS
from tests.scenario.conftest import Workshop

PAGE = "First tokens are late for many users"
TEMPTING = "tempting:\n  - {name: scale-out, file: reference/scale.jsonl, summary: More replicas}\n"
HELD_OUT = "held_out: {name: block-long, file: other/shed.jsonl, summary: Refuse long prompts}\n"

TEMPTING_SHED = TEMPTING.replace("reference/scale.jsonl", "other/shed.jsonl")
SAME_CONDITION = ("removed_when: {any: [{knob: tenant.strategic.token_limit, differs: unlimited}, "
                  "{waiver_expiry_agreed: chg-7}]}")  # fmt: skip

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
    "stable id": ("stable-ids", [("actor: \"{person.account-manager}\"", "actor: accounts of tenant.corner-shop")],
                  "timeline[0].change.actor", "holds tenant.corner-shop; write tenant.{tenant.corner-shop}"),
    "host's id": ("stable-ids", [("answer: They have a launch.", "answer: They have a launch, not node-2.")],
                  "team[0].knows[0].answer", "holds node-2; write {host.node-2}"),
    "time of day": ("wall-clock", [("answer: They have a launch.", "answer: They launched at 14:30.")],
                    "team[0].knows[0].answer", "'14:30' is a time of day or a date; count from the page"),
    "late cause": ("unreachable-evidence",
                   [("component: organisation\n    fault: waiver_without_expiry",
                     "component: tenant.strategic\n    fault: context_growth"),
                    ("    aliases: [[tenant.strategic, context_growth]]\n", ""), ("  - at: -7m\n", "  - at: 16m\n")],
                   "root_causes[0]", "waiver begins at 16m, too late to be found"),
    "metric that nothing makes": ("unreachable-evidence",
                                  [('["inspect:gateway", "trace"]', '["inspect:gateway", "metric:feature_psi"]')],
                                  "root_causes[1].evidence[0][1]",
                                  "metric:feature_psi: the stack mini has no pipeline that makes it"),
    "same wrong fix": ("tempting-fix", [("file: reference/scale.jsonl", "file: reference/limit.jsonl")],
                       "tempting[0]", "scale-out does what the reference limit-tenant does"),
    "held out in name only": ("held-out-fix", [("file: other/shed.jsonl", "file: reference/limit.jsonl")],
                              "held_out", "block-long does what limit-tenant does; a held-out fix is one of its own"),
    "fix that fixes nothing": ("effective-fixes", [("file: other/shed.jsonl", "file: reference/scale.jsonl"),
                                                   (TEMPTING, TEMPTING_SHED)],
                               "held_out", "block-long does nothing to the root cause admission"),
    "causes that go together": ("separate-causes",
                                [("removed_when: {knob: gateway.admission, equals: tokens}", SAME_CONDITION)],
                                "root_causes[1].removed_when",
                                "admission and waiver are removed by the same condition"),
    "no hints": ("hint-ladder", [("  - {price: 8, after: 4m, text: What does the front door count?}\n", "")],
                 "hints", "1 hints; give two to four, from a nudge to nearly the answer"),
    "falling price": ("hint-ladder", [("price: 8", "price: 2")], "hints[1].price",
                      "2 is less than the 3 of the hint before it"),
    "dear hints": ("hint-ladder", [("price: 8", "price: 80")], "hints", "all together cost 83 points; at most 40"),
    "telling hint": ("hint-ladder", [("Compare tenants before you compare machines", "Blind gateway admission")],
                     "hints[0].text", "names gateway and 'admission' in one sentence: the root cause admission"),
    "late hint": ("reachable-hints", [("after: 4m, text", "after: 17m, text")], "hints[1].after",
                  "given from 17m on, too late to be used"),
    "hint out of order": ("reachable-hints", [("{price: 3, text", "{price: 3, after: 5m, text")], "hints[1].after",
                          "is before 5m, when the hint above it is given"),
    "news all at once": ("alarms-together",
                         [("  - at: 4m\n", "  - at: 4m\n    message: {who: platform, text: Hm}\n"
                                           "  - at: 4m\n    message: {who: platform, text: Oh}\n  - at: 4m\n")],
                         "timeline", "3 pages, messages and changes at 4m; spread them"),
    "who complains, told at a fixed time": ("old-news", [("asks what is going on", "and {complaining_tenants} ask")],
                                            "timeline[3].message.text",
                                            "'{complaining_tenants}' says that users are hurt now; hold it back with "
                                            "when: {customers_complain: true}"),
    "harm that goes on, in words": ("old-news", [("asks what is going on", "says: Worse By The Minute")],
                                    "timeline[3].message.text",
                                    "'by the minute' says that users are hurt now; hold it back with "
                                    "when: {customers_complain: true}"),
    "no bucket": ("exercise-metadata", [("skills: [reliability]", "skills: [patience]")], "skills",
                  "names no skill bucket; at least one of inference, reliability, observability, compliance"),
    "unknown shape": ("exercise-metadata", [("[production troubleshooting]", "[production trouble]")], "shapes[0]",
                      "there is no exercise shape 'production trouble' (did you mean 'production troubleshooting'?)"),
    "no source": ("exercise-metadata", [('sources: ["an example"]\n', "")], "sources",
                  "no source; name an issue, a postmortem or a paper in which this happened"),
    "word for two places": ("distinct-words",
                            [("level: mid\n", "level: mid\nwords: {gateway: [front desk], chat-pool: [Front desk]}\n")],
                            "words.chat-pool[0]", "'Front desk' already stands for gateway"),
    "everyday word": ("distinct-words", [("level: mid\n", "level: mid\nwords: {gateway: [slow]}\n")],
                      "words.gateway[0]", "'slow' says too little; use a word that only means gateway"),
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
    """Each flaw gives the rule's finding at its place, with what to do, and no other rule's."""
    rule, changes, where, message = FAILING[name]
    findings = lint(workshop.edit(*changes).load())
    assert (where, message) in [(f.where, f.message) for f in findings]
    assert {f.rule for f in findings} == {rule}


@pytest.mark.parametrize(
    ("text", "at", "when", "found"),
    [
        ("Still complaining: all", "3m", "", True),
        ("About {late_share} are late", "4m", "", True),
        ("Still complaining: all", "2m59s", "", False),
        ("Still complaining: all", "4m", "    when: {customers_complain: true}\n", False),
        ("Still complaining: all", "4m", "    when: {bad_share_above: 20%}\n", False),
        ("They complained about it before; what is your standby? Minutes matter", "4m", "", False),
        ("It is getting moreish", "4m", "", False),
        ("Is it over? Still nothing from the fitters", "4m", "", False),
    ],
)
def test_news_of_harm_has_to_wait(workshop: Workshop, text: str, at: str, when: str, found: bool) -> None:
    """Whole words that say that harm goes on are found from three minutes on, unless the message waits for anything."""
    old = "  - at: 4m\n    message: {who: customer-success, text: \"{tenant.corner-shop} asks what is going on\"}\n"
    new = f"  - at: {at}\n{when}    message: {{who: customer-success, text: \"{text}\"}}\n"
    assert [f.rule for f in lint(workshop.edit((old, new)).load())] == (["old-news"] if found else [])


def test_shipped_messages_of_harm_are_found_without_their_condition() -> None:
    """Where a scenario that ships holds messages back until customers complain, the rule would find most of them."""
    held = found = 0
    for folder in folders(packaged_root()).values():
        scenario = load_scenario(folder)
        waiting = {i for i, e in enumerate(scenario.timeline) if e.message and e.when and e.when.customers_complain}
        timeline = tuple(e.model_copy(update={"when": None}) if i in waiting else e
                         for i, e in enumerate(scenario.timeline))  # fmt: skip
        findings = lint(scenario.model_copy(update={"timeline": timeline}))
        assert {f.where for f in findings} <= {f"timeline[{i}].message.text" for i in waiting}
        held, found = held + len(waiting), found + len(findings)
    assert held >= 30
    assert found * 4 >= held * 3


def test_untraced_requests_are_no_evidence(workshop: Workshop) -> None:
    """A trace can't be evidence when no request is sampled."""
    workshop.edit(("alert_rules:", "observability: {trace_sampling: 0}\nalert_rules:"), file="stacks/mini.yaml")
    (finding,) = lint(workshop.load())
    assert finding.where == "root_causes[1].evidence[0][1]"
    assert finding.message == "trace: no trace is sampled (observability.trace_sampling is 0)"


def test_alerts_that_all_wait_equally_long_are_found(workshop: Workshop) -> None:
    """Three rules with one `for` fire in one evaluation; with different times they are fine."""
    rules = "".join(
        f"        - {{alert: More{i}, expr: up == 0, for: {wait}, labels: {{severity: ticket}}}}\n"
        for i, wait in enumerate(("1m", "1m"))
    )
    stack = workshop.root / "stacks" / "mini.yaml"
    stack.write_text(stack.read_text(encoding="utf-8").rstrip("\n") + "\n" + rules, encoding="utf-8")
    (finding,) = lint(workshop.load())
    assert (finding.rule, finding.message) == ("alarms-together", "all 3 alerts wait 1m; give them different times")
    assert lint(workshop.edit(("for: 1m, labels", "for: 2m, labels"), file="stacks/mini.yaml").load()) == ()


def test_commands_and_metrics_of_runbooks_and_alerts_exist(workshop: Workshop) -> None:
    """A refused command and an unknown metric in a runbook, and an alert on an unknown metric, are found."""
    book = workshop.folder / "runbooks" / "slow-first-token.md"
    book.write_text(
        "Do `scale chat-pol 4`, `query sum(vllm:num_request_waiting)`, `rerun JOB`, `limit …`.", encoding="utf-8"
    )
    workshop.edit(("slo_bad_requests_total", "slo_bad_request_total"), file="stacks/mini.yaml")
    refused, unknown, alert = lint(workshop.load())
    assert {f.rule for f in (refused, unknown, alert)} == {"unknown-references"}
    assert refused.where == "runbooks.slow-first-token" and "did you mean 'chat-pool'?" in refused.message
    assert "did you mean 'vllm:num_requests_waiting'?" in unknown.message
    assert alert.where == "stack.alert_rules.groups[0].rules[0].expr"
    assert "did you mean 'slo_bad_requests_total'?" in alert.message


def test_every_rule_has_a_failing_case() -> None:
    """No rule is without a case above that it finds."""
    assert {case[0] for case in FAILING.values()} | {"unknown-references"} == set(RULES)


@pytest.mark.parametrize("name", folders(packaged_root()))
def test_the_scenarios_that_ship_are_clean(name: str) -> None:
    """No rule finds anything in a scenario that ships."""
    assert lint(load_scenario(find(name))) == ()


def test_metrics_that_need_a_component_are_known(scenario: Scenario) -> None:
    """Each beginning of a metric's name that stands for a component is that of a metric, and of a kind there is."""
    assert [start for start, _ in MADE_BY if not any(name.startswith(start) for name in METRICS)] == []
    assert [kind for _, kind in MADE_BY if kind not in COMPONENTS] == []


def test_rules_explain_themselves() -> None:
    """Every rule has a reason, and an unknown rule gets a suggestion."""
    for rule in RULES:
        assert len(explain(rule)) > len(rule) + 40
    assert [line.split()[0] for line in explain(EVERY_RULE).splitlines()] == [*RULES, "sound-siblings"]
    with pytest.raises(UsageError, match=r"did you mean 'page-at-zero'\?"):
        explain("page-at-zeros")
