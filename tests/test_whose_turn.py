"""Which scenarios CI certifies."""

from __future__ import annotations

from tools.whose_turn import MOST, chosen

NAMES = ["apples", "bread", "cheese", "dates"]


def test_scenarios_take_turns() -> None:
    """Over as many commits as there are scenarios each one has its turn."""
    assert sorted(name for commit in range(40, 44) for name in chosen(NAMES, [], commit)) == NAMES


def test_what_a_commit_changed_comes_first_and_once() -> None:
    """Changed scenarios are certified besides, not twice, and only so many; other files don't count."""
    changed = [
        "scenarios/cheese/scenario.yaml",
        "scenarios/cheese/briefing.md",
        "docs/apples.md",
        "scenarios/stacks/x.yaml",
    ]
    assert chosen(NAMES, changed, 0) == ["cheese", "apples"]
    assert chosen(NAMES, changed, 2) == ["cheese"]
    everything = [f"scenarios/{name}/scenario.yaml" for name in NAMES]
    assert chosen(NAMES, everything, 3) == [*NAMES[:MOST], "dates"]
