"""The first law as a fixture: every world run in these tests is run twice, and must give the same bits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.world.worlds import Played, Run, first_difference

Twice = Callable[[Run], Played]


@pytest.fixture
def world_twice() -> Twice:
    """Return a function that plays a run twice, compares facts and digests, and returns the second."""

    def play(run: Run) -> Played:
        one, two = run.play(), run.play()
        again = f"repeat with scenario {run.scenario.id}, seed {run.seed}, script {run.script}"
        assert not first_difference(one.facts, two.facts), f"{first_difference(one.facts, two.facts)}; {again}"
        assert one.world.dyn_digest() == two.world.dyn_digest(), again
        assert one.world.tel_digest() == two.world.tel_digest(), again
        assert one.stack.state() == two.stack.state(), again
        return two

    return play
