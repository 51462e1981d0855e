"""The grammar: what a person types becomes a command, or an error that helps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.commands import Command
from incidentsim.commands.format import format_command
from incidentsim.commands.parse import MAX_INPUT_CODE_POINTS, parse
from incidentsim.commands.validate import VALIDATORS
from incidentsim.errors import CommandError
from incidentsim.specs.verbs import VERBS
from incidentsim.text import clean
from tests.commands.samples import KINDS, VOCABULARY, commands

ACCEPTED = [
    ("ALERTS", "alerts", {}),
    ("scale chat-pool 10", "scale", {"pool": "chat-pool", "count": "10"}),
    ("scale Chat-Pool 1_0", "scale", {"pool": "chat-pool", "count": "10"}),
    ("set gateway.admission TOKENS", "set", {"knob": "gateway.admission", "value": "tokens"}),
    ("set gateway.queue_timeout 1m30s", "set", {"knob": "gateway.queue_timeout", "value": "1m30s"}),
    ("set gateway.retry_budget 20%", "set", {"knob": "gateway.retry_budget", "value": "0.2"}),
    ("set gateway.cancel_propagation off", "set", {"knob": "gateway.cancel_propagation", "value": "false"}),
    ("set gpu-1.rack-2.power_cap 300", "set", {"knob": "gpu-1.rack-2.power_cap", "value": "300"}),
    ('set "mercer labs.token_limit" 1.5m', "set", {"knob": "mercer labs.token_limit", "value": "1500000"}),
    ("limit acme tokens 300k", "limit", {"tenant": "acme", "resource": "tokens", "rate": "300000"}),
    (
        "limit acme requests Unlimited",
        "limit",
        {"tenant": "acme", "resource": "requests", "rate": "unlimited"},
    ),
    ("shed all 50%", "shed", {"selector": "all", "percent": "500000"}),
    ("shed prompt_tokens>16k 0.125", "shed", {"selector": "prompt_tokens>16000", "percent": "125000"}),
    ('shed tenant="Mercer Labs" 5%', "shed", {"selector": "tenant=mercer labs", "percent": "50000"}),
    ("shed TIER=batch 0%", "shed", {"selector": "tier=batch", "percent": "0"}),
    ("waiver expire chg-1042 --in=90s", "waiver", {"action": "expire", "waiver": "CHG-1042", "in": "1m30s"}),
    ("pin chat-pool weights=llama@v2", "pin", {"component": "chat-pool", "revision": "weights=llama@v2"}),
    ("undo #14", "undo", {"seq": "14"}),
    ("declare SEV2", "declare", {"severity": "sev2"}),
    ("page o'brien", "page", {"who": "o'brien"}),
    ("ask platform what's new?", "ask", {"who": "platform", "question": "what's new?"}),
    ("diagnose acme:retry_bug --p 60%", "diagnose", {"component": "acme", "fault": "retry_bug", "p": "0.6"}),
    ('diagnose "mercer labs" traffic_surge', "diagnose", {"component": "mercer labs", "fault": "traffic_surge"}),
    ("diagnose acme retry_bug --p 60%", "diagnose", {"component": "acme", "fault": "retry_bug", "p": "0.6"}),
    (
        'hypothesis the "kv cache" is full --cause gateway:length_blind_admission --p .6',
        "hypothesis",
        {"statement": 'the "kv cache" is full', "p": "0.6", "cause": "gateway:length_blind_admission"},
    ),
    ("note 'say \"hi\"'", "note", {"text": 'say "hi"'}),
    ("note use --force next time", "note", {"text": "use --force next time"}),
    ("resolve", "resolve", {}),
    ("logs", "logs", {}),
    ("logs --last 5m level>=warn", "logs", {"filter": "level>=warn", "last": "5m"}),
    ("changes CHG-1044", "changes", {"id": "CHG-1044"}),
    ("trace slowest --last 3m", "trace", {"id": "slowest", "last": "3m"}),
]

REFUSED = [
    ("", "there is no command", ""),
    ("restrat chat-pool-3", "no command called 'restrat'", "restart"),
    ("scale chat-pool", "<count> is missing", ""),
    ("scale chat-pool 10 11", "'11' is one argument too many", ""),
    ("scale chat-pool 65", "must lie between 1 replicas and 64 replicas", ""),
    ("scale chat-pool ten", "'ten' is not a whole number", ""),
    ("scale chat 10", "no pool called 'chat'", "chat-pool"),
    ("drain chat-pool", "no replica or node called 'chat-pool'", "chat-pool-1"),
    ("restart nowhere", "known: chat-pool, chat-pool-1, chat-pool-3", ""),
    ("set admission tokens", "write component.knob", ""),
    ("set gateway.admision tokens", "gateway has no knob called 'admision'", "gateway.admission"),
    ("set gatway.admission tokens", "no component called 'gatway'", "gateway"),
    ("set gateway.admission token", "no admission value called 'token'", "tokens"),
    ("set gateway.max_queue -1", "must lie between 0 requests and 100000 requests", ""),
    ("set contracts.x 1", "contracts has no knobs", ""),
    ("limit acme tokens -5", "token_limit must lie between", ""),
    ("limit acme gpus 5", "known: tokens, requests", ""),
    ("shed all 50", "more than 1", "50%"),
    ("shed some 50%", "'some' selects nothing", ""),
    ("shed prompt_tokens>-5 50%", "0 or more", ""),
    ("waiver expire CHG-1042 --in 0s", "out of range", ""),
    ("undo -1", "not the number of a command", ""),
    ("diagnose gateway retry_bug", "it can have length_blind_admission", ""),
    ("diagnose acme retry_bg", "it can have context_growth, retry_bug", "retry_bug"),
    ("hypothesis x --cause acme", "write COMPONENT:FAULT", "acme:context_growth"),
    ("hypothesis x --p 2", "more than 1", "2%"),
    ("declare sev5", "no severity called 'sev5'", "sev4"),
    ('note "never closed', "opened and never closed", ""),
    ('query x{a="b} --last 5m', "opened and never closed", ""),
    ('note ""', "it is empty", ""),
    ("ack now", "'now' is one argument too many", ""),
    ("ack --yes", "it takes no options", ""),
    ("scale chat-pool 9 --becuse x", "no option --becuse", "--because"),
    ("scale chat-pool 9 --because", "--because needs a value", ""),
    ("scale chat-pool 9 --because --dry-run", "--because needs a value", ""),
    ("scale chat-pool 9 --because two words", "put a reason of several words in quotes", ""),
    ("scale chat-pool 9 --dry-run=yes", "--dry-run takes no value", ""),
    ("trace slowest --last 1m --last 2m", "--last is given twice", ""),
]


@pytest.mark.parametrize(("line", "verb", "args"), ACCEPTED)
def test_line_becomes_normalised_command(line: str, verb: str, args: dict[str, str]) -> None:
    """A valid line gives its verb and its arguments in their recorded form."""
    assert parse(line, VOCABULARY) == Command(verb=verb, args=args)


@pytest.mark.parametrize(("line", "reason", "suggestion"), REFUSED)
def test_wrong_line_is_explained(line: str, reason: str, suggestion: str) -> None:
    """A wrong line raises CommandError with the reason and, where one is near, a suggestion."""
    with pytest.raises(CommandError) as caught:
        parse(line, VOCABULARY)
    assert reason in str(caught.value)
    assert caught.value.suggestion == suggestion


def test_error_states_usage_and_example() -> None:
    """An error about a verb's arguments shows its usage and its example."""
    with pytest.raises(CommandError) as caught:
        parse("scale", VOCABULARY)
    assert "Usage: scale <pool> <count>" in str(caught.value)
    assert "Example: scale chat-pool 10" in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        'sum by (tenant) (rate(x{a="b",c=~"d|e\\\\d"}[1m]))',
        'x{a=" --last 5m"} / y',
        "x{a='b', c=`d\"`}",
        "1 - -x",
        "topk(5, x) --offset",
    ],
)
def test_promql_survives_verbatim(expression: str) -> None:
    """A PromQL expression is kept as written: bare, in other quotes, before or after options."""
    outer = "'" if "'" not in expression else '"'
    lines = [f"query {expression}", f"query  {expression}  --last 5m", f"query --last=5m {expression}"]
    if outer not in expression:
        lines.append(f"query {outer}{expression}{outer}")
    for line in lines:
        assert parse(line, VOCABULARY).args["expr"] == expression


def test_promql_in_clashing_quotes() -> None:
    """Double quotes around an expression that has double quotes itself, escaped or not, are taken off."""
    assert parse('query "x{a="b"}"', VOCABULARY).args["expr"] == 'x{a="b"}'
    assert parse('query "x{a=\\"b\\"}" --last 1m', VOCABULARY).args["expr"] == 'x{a="b"}'


@pytest.mark.parametrize("verb", [spec.name for spec in VERBS.values() if spec.group == "act"])
def test_act_verbs_take_reason_and_flags(verb: str) -> None:
    """Every act verb takes --because, --dry-run and --yes anywhere; --yes is dropped."""
    line = {
        "set": "gateway.admission tokens",
        "limit": "acme tokens 1k",
        "waiver": "expire CHG-1042",
        "priority": "acme batch",
        "scale": "chat-pool 9",
        "restart": "chat-pool-3",
        "drain": "chat-pool-3",
        "cordon": "gpu-1.rack-2 off",
        "rollback": "CHG-1044",
        "pin": "chat-pool image=r1",
        "shed": "all 5%",
        "route": "prompt_tokens>20k chat-pool",
        "canary": "chat-pool 5%",
        "terminate": "conv-04f1c9aa31",
        "flush": "chat-pool",
        "renew": "listener",
        "silence": "QueueDepth",
        "alert": "set QueueDepth for=2m",
        "pause": "job.daily",
        "purge": "response-cache",
        "failover": "shard-1",
        "resume": "job.daily",
        "rerun": "job.daily",
        "backfill": "job.daily",
        "undo": "3",
    }[verb]
    command = parse(f'{verb} --yes --because "too slow" {line} --dry-run', VOCABULARY)
    assert (command.because, command.dry_run) == ("too slow", True)
    assert "yes" not in command.args
    assert command.args == parse(f"{verb} {line}", VOCABULARY).args


@pytest.mark.parametrize("spec", VERBS.values(), ids=lambda spec: spec.name)
def test_declared_kinds_and_placement(spec: object) -> None:
    """Every verb's arguments are of a kind with a validator, and only its last argument runs to the end."""
    from incidentsim.specs.verbs import VerbSpec

    assert isinstance(spec, VerbSpec)
    assert set(VALIDATORS) == set(KINDS)
    assert not any(argument.rest for argument in (*spec.arguments[:-1], *spec.options))
    optional = [not argument.required for argument in spec.arguments]
    assert optional == sorted(optional)


def test_control_characters_are_cleaned() -> None:
    """Escape sequences and bidirectional marks in a typed text never reach the command."""
    assert parse("note a\x1b[31mb\u202ec", VOCABULARY).args["text"] == "a\u241b[31mbc"


def test_overlong_line_is_refused() -> None:
    """A line above the limit is refused, one at the limit is not."""
    room = MAX_INPUT_CODE_POINTS - len("note ")
    assert parse("note " + "x" * room, VOCABULARY).args["text"] == "x" * room
    with pytest.raises(CommandError, match="at most 2000"):
        parse("note " + "x" * (room + 1), VOCABULARY)


@settings(max_examples=300)
@given(commands())
def test_format_is_the_inverse_of_parse(command: Command) -> None:
    """Every valid command, written out and parsed again, is the same command."""
    assert parse(format_command(command), VOCABULARY) == command


_HEADS = st.sampled_from(["", *(f"{name} " for name in VERBS), "note '", 'query "', "set gateway.", "shed all "])
_ALPHABET = st.sampled_from([*"ab0.5%k-=:\"'\\`{}[]()> \t\x1b\u202e", " --last ", " --because ", " --p "])


@settings(max_examples=300)
@given(_HEADS, st.one_of(st.text(max_size=60), st.lists(_ALPHABET, max_size=25).map("".join)))
def test_any_text_parses_or_is_refused(head: str, tail: str) -> None:
    """Whatever is typed gives a command that survives writing and parsing, or CommandError, nothing else."""
    try:
        command = parse(head + tail, VOCABULARY)
    except CommandError as wrong:
        assert str(wrong)
        return
    assert all(clean(value) == value for value in command.args.values())
    assert parse(format_command(command), VOCABULARY) == command
