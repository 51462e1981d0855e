"""Completion: what is offered at the cursor, in which order, and what is said to be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.commands import signal_words
from incidentsim.commands.candidates import CANDIDATES
from incidentsim.commands.complete import Completion, complete
from incidentsim.commands.items import MAX_ITEMS
from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError
from incidentsim.specs.verbs import VERBS
from incidentsim.telemetry import logs, promql
from tests.commands.samples import KINDS, VOCABULARY


def at_end(line: str, *history: str) -> Completion:
    """Complete with the cursor behind the line."""
    return complete(line, len(line), VOCABULARY, history)


def texts(line: str, *history: str) -> list[str]:
    """Return the texts offered behind the line."""
    return [item.text for item in at_end(line, *history).items]


OFFERED = [
    ("rest", ["restart"]),
    ("rst", ["restart"]),
    ("scale ", ["chat-pool", "--because", "--dry-run", "--yes"]),
    ("scale chat-pool 9 --", ["--because", "--dry-run", "--yes"]),
    ("scale chat-pool 9 --dry-run --", ["--because", "--yes"]),
    ("scale chat-pool 9 --bec", ["--because"]),
    ("restart ", ["chat-pool-1", "chat-pool-3", "chat-pool", "--because", "--dry-run", "--yes"]),
    ("drain c", ["chat-pool-1", "chat-pool-3", "gpu-1.rack-2"]),
    ("limit m", ['"mercer labs"', "acme"]),
    ('limit "mer', ['"mercer labs"']),
    ("set router.pol", ["router.policy"]),
    ("set admi", ["gateway.admission"]),
    ("set gateway.admission t", ["tokens", "requests"]),
    ("set gateway.cancel_propagation ", ["true", "false", "--because", "--dry-run", "--yes"]),
    ("diagnose acme ", ["context_growth", "retry_bug", "--p"]),
    ("diagnose acme:", ["context_growth", "retry_bug", "--p"]),
    ("diagnose acme:retry", ["retry_bug"]),
    ("rollback ", ["CHG-1044", "CHG-1042", "--because", "--dry-run", "--yes"]),
    ("hypothesis x --cause acme:", ["acme:context_growth", "acme:retry_bug"]),
    ("hypothesis x --cause=con", ["contracts:", "contracts:waiver_without_expiry", "acme:context_growth"]),
    ("waiver expire ", ["CHG-1042", "--in", "--because", "--dry-run", "--yes"]),
    ("rollback 44", ["CHG-1044"]),
    ("page acc", ["account-manager"]),
    ("runbook ", ["ttft-slo"]),
    ("silence q", ["QueueDepth"]),
    ("shed tenant=a", ["tenant=acme", '"tenant=mercer labs"']),
    ("query rate(gateway_resp", ["gateway_responses_total"]),
    ("query histo", ["histogram_quantile"]),
    ("query rate(gateway_responses_total{", ["tenant", "code"]),
    ('query gateway_responses_total{code="200",ten', ["tenant"]),
    ('query gateway_responses_total{code="4', ["429"]),
    ('query gateway_responses_total{code=~"200|5', ["503"]),
    ('query "gateway_responses_total{tenant="me', ["mercer labs", "acme"]),
    ("query sum by (tenant, co", ["code"]),
    ("query rate(up[", ["30s", "1m", "2m", "5m", "10m"]),
    ("query up --l", ["--last"]),
    ("logs level>=w", ["level>=warn"]),
    ("logs oops svc:g", ["svc:gateway"]),
    ("logs -ten", ["tenant:", "tenant:acme", 'tenant:"mercer labs"']),
    ("note an", []),
]


@pytest.mark.parametrize(("line", "expected"), OFFERED)
def test_offers(line: str, expected: list[str]) -> None:
    """What can stand at the cursor is offered, what begins as typed before what merely contains it."""
    assert texts(line) == expected


def test_verbs_carry_help_and_danger() -> None:
    """A verb is offered with its help and its danger."""
    (item,) = (item for item in at_end("resta").items if item.text == "restart")
    assert (item.danger, item.help, item.kind) == ("destructive", VERBS["restart"].help, "verb")


def test_changes_say_what_the_log_says() -> None:
    """A change is offered with its time and summary, so that nobody has to remember numbers."""
    notes = {"CHG-1044": "T-05:20 train 48"}
    offers = complete("rollback ", 9, replace(VOCABULARY, change_notes=notes)).items
    assert [(offer.text, offer.help) for offer in offers[:2]] == [
        ("CHG-1044", "T-05:20 train 48"), ("CHG-1042", "change"),
    ]  # fmt: skip


def test_knobs_show_unit_bounds_and_default() -> None:
    """A knob is offered with its bounds, unit and default; while its value is typed the usage says them."""
    (item,) = at_end("set gateway.max_queue").items
    assert "0 to 100000 requests; default 4000 requests" in item.help
    assert "0 to 100000 requests; default 4000 requests" in at_end("set gateway.max_queue ").usage


@pytest.mark.parametrize(
    ("line", "signature"),
    [
        (
            "limit acme ",
            "limit <tenant> »resource« <rate> [--because TEXT] [--dry-run] [--yes] — tokens or requests",
        ),
        ("changes ", "changes [»id«] — A change id; none lists all."),
        ("query up --last ", "query <expr> [»--last« DURATION] — How far to look back, 10m by default."),
    ],
)
def test_usage_marks_the_current_argument(line: str, signature: str) -> None:
    """The usage is the verb's signature with the argument at the cursor marked and explained."""
    assert at_end(line).usage == signature


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("zzz ", "no command called 'zzz'"),
        ("qqq", "no command that begins with 'qqq'"),
        ("scale nowhere 1", "no pool called 'nowhere'"),
        ("scale chat-pool 1 2", "'2' is one argument too many"),
        ("scale chat-pool x", "'x' is not a whole number"),
        ("scale chat-pool 1 --foo ", "no option --foo"),
        ("set gateway.max_queue 999999999", "must lie between"),
        ("diagnose gateway retry", "it can have length_blind_admission"),
    ],
)
def test_problem_so_far(line: str, problem: str) -> None:
    """What can no longer become a command is said at once."""
    assert problem in at_end(line).problem


@pytest.mark.parametrize(
    "line", ["", "sc", "scale ", "scale chat", "set gateway.admission ", 'note "half', "query sum("]
)
def test_no_problem_while_it_can_become_a_command(line: str) -> None:
    """A line that is only unfinished shows no problem."""
    assert at_end(line).problem == ""


def test_replaced_range_covers_the_word_under_the_cursor() -> None:
    """An offer in the middle of a line replaces the whole word under the cursor, nothing else."""
    line = "scale chat-po 10"
    completion = complete(line, len("scale ch"), VOCABULARY)
    assert line[completion.start : completion.end] == "chat-po"
    assert [item.text for item in completion.items] == ["chat-pool"]


def test_history_comes_first_and_is_offered_whole() -> None:
    """Recently used names move up within their rank; former lines are offered while the verb is typed."""
    assert texts("drain c", "restart chat-pool-3")[0] == "chat-pool-3"
    offered = at_end("sca", "scale chat-pool 9", "scale chat-pool 10", "scale chat-pool 9").items
    assert [item.text for item in offered if item.kind == "history"] == [
        "scale chat-pool 9",
        "scale chat-pool 10",
    ]


def test_every_kind_has_candidates() -> None:
    """Each kind of argument says what it offers."""
    assert set(CANDIDATES) == set(KINDS)


@pytest.mark.parametrize(
    "line", ["limit ", "page ", "declare ", "priority acme ", "set gateway.admission ", "diagnose "]
)
def test_offered_words_are_accepted(line: str) -> None:
    """A name that completion offers is one that the grammar knows."""
    for item in at_end(line).items:
        if item.kind != "option":
            with_offer = line + item.text
            try:
                parse(with_offer, VOCABULARY)
            except CommandError as wrong:
                assert "is missing" in str(wrong)


_HEADS = st.sampled_from(["", *(f"{name} " for name in VERBS), 'query x{a="', "set gateway.", "scale chat-pool "])


@settings(max_examples=300)
@given(_HEADS, st.text(max_size=60), st.integers(-3, 80), st.lists(st.text(max_size=20), max_size=3))
def test_any_line_completes(head: str, tail: str, cursor: int, history: list[str]) -> None:
    """Whatever is typed, completion answers with a range inside the line and a short list without doubles."""
    line = head + tail
    completion = complete(line, cursor, VOCABULARY, history)
    assert 0 <= completion.start <= completion.end <= len(line)
    assert len(completion.items) <= MAX_ITEMS
    offered = [(item.kind, item.text) for item in completion.items]
    assert len(set(offered)) == len(offered)


def test_signal_words_are_those_that_telemetry_knows() -> None:
    """Completion offers exactly the functions, aggregations and log levels that telemetry evaluates."""
    assert set(signal_words.FUNCTIONS) == set(promql.FUNCTIONS)
    assert set(signal_words.AGGREGATIONS) == set(promql.AGGREGATIONS)
    assert signal_words.LEVELS == logs.LEVELS


def test_overlong_line_is_not_read() -> None:
    """A line above the limit gets a problem and no offers."""
    completion = at_end("note " + "x" * 3_000)
    assert completion.items == ()
    assert "at most 2000" in completion.problem
