"""The look `cost`: who spends what, under shown names."""

from __future__ import annotations

import pytest

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.session.charts import COST_PER_HOUR, Charts
from incidentsim.session.looks import Eyes
from tests.world.test_tenants import sessions
from tests.world.worlds import Run


def test_cost_sums_by_what_is_asked() -> None:
    """By tenant there is one line for the one that has traffic, by conversation one for each, dearest first."""
    scenario = sessions()
    world = Run(scenario=scenario).play().world
    eyes = Eyes(world=world, charts=Charts(world.metrics, scenario), scenario=scenario, cast=plain_cast(scenario))

    def lines(text: str) -> tuple[str, ...]:
        return eyes.look(parse(text, world.vocabulary())).lines

    bills = world.costs(-600_000_000)
    requests = sum(bill.requests for bill in bills)
    assert lines("cost")[0].split() == ["tenant", "requests", "tokens", "cost", "$/h"]
    assert [line.split()[:2] for line in lines("cost")[1:-1]] == [["storefront", f"{requests:,}"]]
    assert lines("cost --last 30s")[-1] == "spent in the last 30s"
    by_pool = lines("cost pool --last 10m")
    assert [line.split()[0] for line in by_pool[1:-1]] == [scenario.stack.pools[0].id]
    shown = [line.split()[0] for line in lines("cost conversation")[1:-1]]
    assert shown[0] == bills[0].conversation
    assert set(shown) <= {bill.conversation for bill in bills}
    assert len(shown) == len({bill.conversation for bill in bills})


def test_what_an_hour_costs_counts_bills_by_the_token() -> None:
    """A pool that is paid by the token costs what its provider's bill grows by, beside the GPUs that are held."""
    written = sessions()
    pool = written.stack.pools[0].model_copy(update={"dollars_per_million_tokens": 3_000})
    scenario = written.model_copy(update={"stack": written.stack.model_copy(update={"pools": (pool,)})})
    world = Run(scenario=scenario).play().world
    charts = Charts(world.metrics, scenario)
    held, billed = (charts.instant(expr, world.now_us) for expr in COST_PER_HOUR)
    assert billed[0].value > 0
    whole = sum(sample.value for sample in (*held, *billed))
    assert charts.cost_per_hour(world.now_us) == pytest.approx(whole)
