"""Every red and green flag: proposed when its rule says so, with its records, and not otherwise."""

from __future__ import annotations

import pytest

from incidentsim.scoring.flags import RULES
from incidentsim.scoring.interview_card import ProposedFlag
from incidentsim.scoring.score import score
from incidentsim.specs.flags import FLAGS, FOR_PEOPLE
from tests.scoring.plays import EXPERT, SLO, TOKENS, Line, played, shown_vocabulary
from tests.scoring.test_metamorphic import PLAIN, SCALE
from tests.scoring.toy import ToyWorld, toy_scenario

TOY = toy_scenario()
FLAGGED = toy_scenario(
    stack=TOY.stack.model_dump(exclude_unset=True) | {
        "components": [{"kind": "guardrail", "id": "guardrail"}],
        "alert_rules": {"groups": [{"name": "g", "rules": [{"alert": "Slow", "expr": "up == 0"}]}]},
    }
)  # fmt: skip
"""The toy with a guardrail and an alert; its dynamics are the same."""

GROWTH = "tenant.strategic:context_growth"
FIX: tuple[Line, ...] = ((200, "set gateway.admission tokens"), (210, "ask account-manager can they trim"))
CALM = (900.0, 'status "recovered"')

WITH_FLAG: dict[str, tuple[Line, ...]] = {
    "acts-before-looking": ((10, "limit strategic tokens 180k"), (20, SLO)),
    "scales-out-first": ((10, SLO), (20, "scale chat-pool 10"), (30, "inspect gateway")),
    "restarts-again": ((10, "restart chat-pool"), (200, "restart chat-pool"), (400, "restart chat-pool-2")),
    "resolved-while-burning": ((400, 'status "all is resolved"'),),
    "lists-every-cause": tuple(
        (10.0 + i, f"diagnose node-{i} gpu_lost --p 0.6") for i in range(1, 6)
    ),
    "sure-and-wrong": ((10, "diagnose node-3 gpu_lost --p 0.95"),),
    "leaves-overrides": ((10, "limit strategic tokens 180k"),),
    "silences-instead": ((400, "silence Slow"), (500, "set gateway.admission tokens")),
    "safety-off": ((10, "set guardrail.mode off"),),
    "destructive-unprepared": ((10, "restart chat-pool"),),
    "made-it-worse": (*FIX, (600, "restart chat-pool")),
    "hands-it-off": ((10, "page account-manager"), (60, SLO)),
    "hypothesis-first": ((10, f'hypothesis "x" --p 0.6 --cause {GROWTH}'), (20, "limit strategic tokens 180k")),
    "slices-the-tail": (
        (10, TOKENS), (20, "query sum by (pod) (rate(vllm:prompt_tokens_total[1m]))"),
    ),
    "checks-changes-early": ((10, SLO), (20, "changes"), (30, "limit strategic tokens 180k")),
    "tries-small-first": ((10, "restart chat-pool-1"), (120, "restart chat-pool")),
    "verifies-then-announces": (*FIX, (850, SLO), CALM),
    "withdraws-wrong": ((10, 'hypothesis "gpu" --p 0.6 --cause node-3:gpu_lost'), (20, "rule-out 1")),
    "limits-blast-radius": ((10, "limit strategic tokens 180k"),),
    "writes-down-overrides": ((10, "limit strategic tokens 180k"), (500, "limit strategic tokens unlimited")),
    "names-detection-gap": ((10, 'note "there is no alert on prompt tokens"'),),
    "follows-up-rollback": ((200, "rollback chg-1"), (250, SLO), CALM),
}  # fmt: skip
"""A play for each flag that has it."""

WITHOUT: dict[str, tuple[Line, ...]] = {
    "acts-before-looking": ((10, SLO), (20, "limit strategic tokens 180k")),
    "scales-out-first": ((10, "limit strategic tokens 180k"), (20, "scale chat-pool 10")),
    "restarts-again": ((10, "restart chat-pool"), (200, "restart chat-pool"), (300, "restart chat-pool --dry-run")),
    "resolved-while-burning": ((400, 'status "not resolved yet"'), *FIX, CALM),
    "lists-every-cause": tuple((10.0 + i, f"diagnose node-{i} gpu_lost --p 0.4") for i in range(1, 6)),
    "sure-and-wrong": ((10, "diagnose gateway length_blind_admission"), (20, "diagnose node-3 gpu_lost --p 0.8")),
    "leaves-overrides": ((10, "limit strategic tokens 180k"), (900, 'note "limit on strategic stays"')),
    "silences-instead": ((200, "set gateway.admission tokens"), (400, "silence Slow")),
    "safety-off": ((10, "set guardrail.mode off"), (60, "set guardrail.mode fail_closed")),
    "destructive-unprepared": ((10, "restart chat-pool --dry-run"), (20, "restart chat-pool")),
    "made-it-worse": (*FIX, (600, "priority others batch")),
    "hands-it-off": ((5, SLO), (10, "page account-manager")),
    "hypothesis-first": ((10, "limit strategic tokens 180k"), (20, f'hypothesis "x" --p 0.6 --cause {GROWTH}')),
    "slices-the-tail": ((10, TOKENS), (20, TOKENS)),
    "checks-changes-early": ((10, SLO), (20, "limit strategic tokens 180k"), (30, "changes")),
    "tries-small-first": ((10, "restart chat-pool"), (120, "restart chat-pool-1")),
    "verifies-then-announces": (*FIX, (400, SLO), CALM),
    "withdraws-wrong": ((10, f'hypothesis "right" --p 0.6 --cause {GROWTH}'), (20, "rule-out 1")),
    "limits-blast-radius": ((10, "set gateway.admission tokens"),),
    "writes-down-overrides": ((10, "set gateway.admission tokens"),),
    "names-detection-gap": ((10, 'note "the alert fired at once"'),),
    "follows-up-rollback": ((200, "rollback chg-1"), CALM),
}  # fmt: skip
"""A play for each flag that is near it and has it not."""


def proposed(lines: tuple[Line, ...]) -> dict[str, ProposedFlag]:
    """Return the flags of a play on the toy world, by id."""
    transcript = played(lines, FLAGGED)
    known = shown_vocabulary(FLAGGED, PLAIN)
    card = score(transcript, FLAGGED, ToyWorld(), vocabulary=known, scale=SCALE)
    last = transcript.records[-1].seq
    assert all(0 <= seq <= last for flag in card.flags.proposed for seq in flag.seqs)
    return {flag.id: flag for flag in card.flags.proposed}


def test_every_flag_has_one_rule_and_both_plays() -> None:
    """Declared flags, rules and the plays of these tests are the same."""
    assert set(RULES) == set(FLAGS) == set(WITH_FLAG) == set(WITHOUT)
    assert not set(FLAGS) & set(FOR_PEOPLE)


@pytest.mark.parametrize("flag", list(FLAGS))
def test_a_flag_is_proposed_with_records(flag: str) -> None:
    """The play that has it gets the flag, unconfirmed, with at least one record."""
    found = proposed(WITH_FLAG[flag])
    assert flag in found
    assert found[flag].seqs and found[flag].verdict == "unconfirmed"
    assert found[flag].colour == FLAGS[flag].colour


@pytest.mark.parametrize("flag", list(FLAGS))
def test_a_flag_is_not_proposed_nearby(flag: str) -> None:
    """The play that just misses it does not get the flag."""
    assert flag not in proposed(WITHOUT[flag])


def test_doing_nothing_and_the_expert() -> None:
    """An idle play has no flags; the expert has green ones only."""
    assert proposed(()) == {}
    assert {flag.colour for flag in proposed(EXPERT).values()} == {"green"}
