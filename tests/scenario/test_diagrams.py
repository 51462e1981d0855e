"""The drawings of the shipped stacks."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from incidentsim.scenario.healthy import load_stack
from tests.world.worlds import SCENARIOS

STACKS = tuple(path.stem for path in sorted((SCENARIOS / "stacks").glob("*.yaml")))

MOST_COLUMNS = 71
"""What the briefing has for a drawing at 80 columns: less frame, padding, indent and scrollbar, and two to spare."""


@pytest.mark.parametrize("stack_id", STACKS)
def test_a_shipped_stack_is_drawn_for_small_terminals(stack_id: str) -> None:
    """Each line fits at 80 columns; `chat` is older than that rule, and its records hold its digest."""
    lines = load_stack(stack_id).diagram.splitlines()
    assert lines
    assert max(cell_len(line) for line in lines) <= (80 if stack_id == "chat" else MOST_COLUMNS)


@pytest.mark.parametrize("stack_id", STACKS)
def test_a_drawing_names_what_can_be_typed(stack_id: str) -> None:
    """Every pool of the stack is in its drawing under its own name."""
    stack = load_stack(stack_id)
    assert [pool.id for pool in stack.pools if pool.id not in stack.diagram] == []
