"""Mistakes in a scenario: exact error texts, at their places."""

from __future__ import annotations

import pytest

from incidentsim.scenario.naming import alert_names
from incidentsim.specs.faults import FAULTS
from tests.scenario.conftest import Workshop

SCENARIO = "slow-answers/scenario.yaml"


MISTAKES: dict[str, tuple[tuple[str, str], str]] = {
    "misspelt field": (
        ("overrides:", "override:"),
        "10:1: override: unknown field (did you mean 'overrides'?)",
    ),
    "missing unit": (
        ("duration: 20m", "duration: 20"),
        "6:11: duration: 20 has no unit; write 20s or 20m",
    ),
    "bad duration": (
        ("duration: 20m", "duration: 20 minutes"),
        "6:11: duration: '20 minutes' is not a duration; write it like 30s, 1m30s, 250ms or 2d",
    ),
    "mapping instead of text": (
        ("title: Answers start late", "title: {a: b}"),
        "3:8: title: text is wanted here, not a mapping",
    ),
    "text instead of a list": (
        ("skills: [reliability]", "skills: reliability"),
        "8:9: skills: must be a list",
    ),
    "text instead of a mapping": (
        ("workload:\n      rate: 2.5", "workload: busy\n    client:\n      rate: 2.5"),
        "16:15: tenants[0].workload: must be a mapping",
    ),
    "fraction instead of a whole number": (
        ("version: 1", "version: 1.5"),
        "2:10: version: must be a whole number",
    ),
    "duplicate key": (
        ("level: mid\n", "level: mid\nlevel: senior\n"),
        "6:1: level: duplicate key 'level', first on line 5",
    ),
    "missing script": (
        ("file: reference/limit.jsonl", "file: reference/limits.jsonl"),
        "89:32: references[0].file: there is no file 'reference/limits.jsonl' in the scenario's "
        "folder (did you mean 'reference/limit.jsonl'?)",
    ),
    "not a signal": (
        ('"inspect:gateway", "trace"', '"inspects:gateway", "trace"'),
        "76:10: root_causes[1].evidence[0][0]: 'inspects:gateway' is not a signal; write one of "
        "change:ID, metric:NAME, metric:NAME@LABEL, inspect:COMPONENT, ask:ROLE/TOPIC, logs:SERVICE, trace, "
        "runbook:NAME (did you mean 'inspect'?)",
    ),
    "unknown service": (
        ("logs:chat-pool", "logs:chat-pol"),
        "77:57: root_causes[1].evidence[1][1]: there is no service 'chat-pol' (did you mean 'chat-pool'?)",
    ),
    "change that does not fit its kind": (
        ("kind: waiver", "kind: config"),
        "34:13: timeline[0].change.kind: a change of kind waiver has a waiver part, and no other has one",
    ),
    "role that is nobody's": (
        ("message: {who: customer-success", "message: {who: customer-sucess"),
        "56:20: timeline[3].message.who: there is no role 'customer-sucess' (did you mean 'customer-success'?)",
    ),
    "hint after the end": (
        ("after: 4m, text", "after: 40m, text"),
        "96:23: hints[1].after: lies outside the incident: from 0 to before its end",
    ),
    "unknown name in a hint": (
        ("text: What does the front door count?", 'text: "Look at {tenant.corner}."'),
        "96:33: hints[1].text: nothing to put in for {tenant.corner}; use {tenant.ID}, {person.ROLE}, {host.ID}",
    ),
    "anchor": (
        ("title: Answers", "title: &x Answers"),
        "3:8: title: anchors are not allowed (&x); write the value out",
    ),
    "tag": (
        ("title: Answers start late", "title: !!python/object:os.system x"),
        "3:8: title: tags are not allowed (tag:yaml.org,2002:python/object:os.system); remove it",
    ),
    "bad YAML": (
        ("skills: [reliability]", "skills: [reliability"),
        "9:6: not valid YAML: while parsing a flow sequence did not find expected ',' or ']'",
    ),
    "wrong choice": (
        ("level: mid", "level: middle"),
        "5:8: level: must be 'junior', 'mid', 'senior' or 'staff'; got 'middle' (did you mean 'mid'?)",
    ),
    "unknown stack": (
        ("stack: mini", "stack: minni"),
        "9:8: stack: there is no stack 'minni' (did you mean 'mini'?)",
    ),
    "unknown knob": (
        ("power_cap: 380", "power_cup: 380"),
        "12:12: overrides.node-2.power_cup: a node has no knob 'power_cup' (did you mean 'power_cap'?)",
    ),
    "knob out of bounds": (
        ("power_cap: 380", "power_cap: 900"),
        "12:23: overrides.node-2.power_cap: power_cap must lie between 150 W and 700 W; got 900",
    ),
    "unknown fault": (
        ("kind: context_growth", "kind: context_grows"),
        "44:13: timeline[1].fault.kind: there is no fault kind 'context_grows' (did you mean 'context_growth'?)",
    ),
    "fault of another component": (
        ("kind: context_growth", "kind: gpu_lost"),
        "44:13: timeline[1].fault.kind: gpu_lost hits a node; tenant.strategic is a tenant, whose faults are "
        + ", ".join(kind for kind, spec in FAULTS.items() if spec.component == "tenant"),
    ),
    "parameter out of bounds": (
        ("turns: 20", "turns: 900"),
        "47:16: timeline[1].fault.params.turns: must lie between 1 and 200",
    ),
    "missing parameter": (
        ("        turns: 20\n", ""),
        "46:9: timeline[1].fault.params: parameter 'turns' is missing: Turns in one conversation.",
    ),
    "unknown metric": (
        ("gateway_tokens_total@tenant", "gateway_token_total@tenant"),
        "65:10: root_causes[0].evidence[1][0]: there is no metric 'gateway_token_total' "
        "(did you mean 'gateway_tokens_total'?)",
    ),
    "unknown label": (
        ("gateway_tokens_total@tenant", "gateway_tokens_total@tennant"),
        "65:10: root_causes[0].evidence[1][0]: gateway_tokens_total has no label 'tennant' (did you mean 'tenant'?)",
    ),
    "unknown topic": (
        ("ask:account-manager/contract", "ask:account-manager/contracts"),
        "65:48: root_causes[0].evidence[1][1]: the account-manager knows no topic 'contracts' "
        "(did you mean 'contract'?)",
    ),
    "unknown role": (
        ("role: account-manager", "role: acount-manager"),
        "80:11: team[0].role: there is no role 'acount-manager' (did you mean 'account-manager'?)",
    ),
    "unknown tenant in a waiver": (
        ("waiver: {tenant: strategic}", "waiver: {tenant: stratgic}"),
        "39:24: timeline[0].change.waiver.tenant: there is no tenant 'stratgic' (did you mean 'strategic'?)",
    ),
    "revisions of what is no pool": (
        ("waiver: {tenant: strategic}", "waiver: {tenant: strategic}\n      revisions: {image: v2}"),
        "40:18: timeline[0].change.revisions: only a deploy whose target is a pool rolls out revisions",
    ),
    "value in a condition": (
        ("equals: tokens", "equals: token"),
        "78:53: root_causes[1].removed_when.equals: admission takes one of requests, tokens; got 'token' "
        "(did you mean 'tokens'?)",
    ),
    "monitoring set before it was there": (
        ("sets: {tenant.strategic.token_limit: unlimited}", "sets: {observability.log_rate: 20}"),
        "31:9: timeline[0].at: observability.log_rate can't be set so early, since monitoring begins with the prelude "
        "(-10m); write it into overrides, or a later time",
    ),
    "bounds of words": (
        ("equals: tokens", "at_least: tokens"),
        "78:55: root_causes[1].removed_when.at_least: gateway.admission has no size; use equals or differs",
    ),
    "two comparisons": (
        ("equals: tokens", "equals: tokens, at_most: tokens"),
        "78:19: root_causes[1].removed_when: a knob goes with one of equals and differs, or with at_least, at_most "
        "or both",
    ),
    "change in a condition": (
        ("waiver_expiry_agreed: chg-7", "change_in_force: chg-77"),
        "69:29: root_causes[0].removed_when.any[1].change_in_force: no change has the id 'chg-77' "
        "(did you mean 'chg-7'?)",
    ),
    "fault in a condition": (
        ("waiver_expiry_agreed: chg-7", "fault_present: groth"),
        "69:27: root_causes[0].removed_when.any[1].fault_present: no fault has the id 'groth' (did you mean 'growth'?)",
    ),
    "change that a colleague rolls back": (
        ("agrees_waiver: chg-7", "rolls_back: chg-8"),
        "87:54: team[0].knows[0].does.rolls_back: no change has the id 'chg-8' (did you mean 'chg-7'?)",
    ),
    "unconnected chain": (
        ("[tenant.strategic, chat-pool]", "[router, chat-pool]"),
        "70:47: root_causes[0].chain[1]: the edge router → chat-pool is not connected to organisation",
    ),
    "unknown placeholder": (
        ("Token limit waived for {tenant.strategic}", "Token limit waived for {tenant.x}"),
        "37:16: timeline[0].change.summary: nothing to put in for {tenant.x}; use {tenant.ID}, "
        "{person.ROLE}, {host.ID}",
    ),
    "entry of two kinds": (
        ("    page: {text", "    message: {who: platform, text: hi}\n    page: {text"),
        "53:5: timeline[2]: needs exactly one of change, fault, message, page; has message, page",
    ),
    "list instead of a value": (
        ("max_inflight_requests: 200", "max_inflight_requests: [200]"),
        "11:36: overrides.gateway.max_inflight_requests: must be text, a number, true or false",
    ),
    "falling quantiles": (
        ("p50: 300, ", "p50: 30000, "),
        "18:15: tenants[0].workload.prompt: quantiles must rise strictly in ppm and must not fall in value",
    ),
    "file outside": (
        ("file: reference/limit.jsonl", "file: ../limit.jsonl"),
        "89:32: references[0].file: the file must lie inside the scenario's folder; got '../limit.jsonl'",
    ),
    "too much demand": (
        ("rate: 2.5", "rate: 2500"),
        "17:13: tenants[0].workload.rate: more than 2,000 requests per second",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_typical_mistake_is_told_at_its_place(workshop: Workshop, name: str) -> None:
    """Each typical mistake gives its line with line, column, path and a way to fix it."""
    change, expected = MISTAKES[name]
    assert f"{SCENARIO}:{expected}" in workshop.edit(change).problems()


def test_all_mistakes_come_at_once_in_the_order_of_lines(workshop: Workshop) -> None:
    """Four mistakes give four lines, sorted by line, the stack's after the scenario's."""
    workshop.edit(("title: Answers", "titel: Answers"), ("objective: 95%", "objective: high"))
    workshop.edit(("model_name:", "model_nam:"), file="stacks/mini.yaml")
    assert workshop.problems() == [
        f"{SCENARIO}:1:1: title: is missing",
        f"{SCENARIO}:3:1: titel: unknown field (did you mean 'title'?)",
        f"{SCENARIO}:29:16: slos[0].objective: 'high' is not a ratio; write it like 0.25 or 25%",
        "stacks/mini.yaml:8:5: pools[0].model_name: is missing",
        "stacks/mini.yaml:9:5: pools[0].model_nam: unknown field (did you mean 'model_name'?)",
    ]


def test_a_bad_alert_rule_points_into_the_stack(workshop: Workshop) -> None:
    """An alert expression that can't be parsed is reported at its rule in the stack's file."""
    workshop.edit(("expr: rate(", "expr: rate(("), file="stacks/mini.yaml")
    (line,) = workshop.problems()
    assert line.startswith("stacks/mini.yaml:20:11: alert_rules.groups[0].rules[0]: ")
    assert "SlowFirstToken" in line


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "step_model: llama3_8b_a100_tp2",
            "there is no step model 'llama3_8b_a100_tp2' (did you mean 'llama3_8b_a100_tp1'?)",
        ),
        (
            "step_model: llama3_8b_h100_tp1",
            "llama3_8b_h100_tp1 was measured on H100-SXM5-80GB, not on 'A100-SXM4-80GB'",
        ),
        (
            "step_model: llama3_8b_a100_tp1\n    gpus_per_replica: 2",
            "llama3_8b_a100_tp1 was measured on 1 cards a replica, not on 2",
        ),
    ],
)
def test_a_pool_runs_on_what_was_measured(workshop: Workshop, written: str, told: str) -> None:
    """A step model is one of the measured ones, on the cards that it was measured on."""
    workshop.edit(("step_model: llama3_8b_a100_tp1", written), file="stacks/mini.yaml")
    (line,) = workshop.problems()
    assert line.endswith(told)


def test_a_scenario_may_bring_its_own_alert_rules(workshop: Workshop) -> None:
    """Rules of a scenario take the place of the stack's, and a wrong one is told in the scenario's file."""
    rule = "alert_rules: {groups: [{name: g, rules: [{alert: Mine, expr: up == 0}]}]}\n"
    workshop.edit(("level: mid\n", f"level: mid\n{rule}"))
    assert alert_names(workshop.load().stack) == ("Mine",)
    (line,) = workshop.edit(("expr: up == 0", "expr: up ==")).problems()
    assert line.startswith(f"{SCENARIO}:6:42: alert_rules.groups[0].rules[0]: ")


def test_a_bad_script_line_points_into_the_script(workshop: Workshop) -> None:
    """A command that can't be understood, and a line that is no JSON, are reported at their lines."""
    (workshop.folder / "reference" / "tokens.jsonl").write_text(
        '# comment\n{"t": 5, "command": "set gateway.admision tokens"}\n{"t": 4}\nnonsense\n',
        encoding="utf-8",
    )
    first, second, third = workshop.problems()
    file = "slow-answers/reference/tokens.jsonl"
    assert first.startswith(f"{file}:2:1: ") and "did you mean 'gateway.admission'?" in first
    assert second == f'{file}:3:1: a line is {{"t": seconds, "command": "…"}} and nothing else'
    assert third == f"{file}:4:1: not JSON: Expecting value at column 1"


@pytest.mark.parametrize(
    ("command", "better"),
    [
        ("limit strategic tokens 400k", "{tenant.strategic} in place of the id"),
        ("inspect tenant.corner-shop", "{tenant.corner-shop} in place of the id"),
        ("drain node-2", "{host.node-2} in place of the id"),
        ('query gateway_tokens_total{tenant=\\"strategic\\"}', "{tenant.strategic} in place of strategic"),
        ("logs tenant:strategic", "{tenant.strategic} in place of strategic"),
    ],
)
def test_a_script_that_names_ids_is_told_to_use_placeholders(workshop: Workshop, command: str, better: str) -> None:
    """A command that only works where ids are names is refused when the scenario is loaded, not in the session."""
    script = workshop.folder / "reference" / "limit.jsonl"
    script.write_text(f'{{"t": 5, "command": "{command}"}}\n', encoding="utf-8")
    (line,) = workshop.problems()
    assert line.startswith("slow-answers/reference/limit.jsonl:1:1: ")
    assert line.endswith(better)


def test_ids_may_stand_in_reasons_and_notes(workshop: Workshop) -> None:
    """Free text of a script is not looked through: "strategic" is also a word."""
    script = workshop.folder / "reference" / "limit.jsonl"
    lines = ['limit {tenant.strategic} tokens 400k --because \\"a strategic customer\\"', "note strategic, or not"]
    script.write_text("".join(f'{{"t": 5, "command": "{line}"}}\n' for line in lines), encoding="utf-8")
    assert workshop.load().scripts["reference/limit.jsonl"].count("strategic") == 3


def test_an_empty_script_is_told(workshop: Workshop) -> None:
    """A reference without a command would be doing nothing under another name."""
    (workshop.folder / "reference" / "limit.jsonl").write_text("# later\n", encoding="utf-8")
    assert workshop.problems() == ["slow-answers/reference/limit.jsonl:1:1: has no command"]
