"""The first law: scenario, seed and commands decide every bit; looking, pacing, names and processes don't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from incidentsim.exact import Draws
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.world.kernel import OBSERVE
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_faults import AGENTS
from tests.world.worlds import SECOND, Played, Run, every, small, stack_of, with_fault

ROOT = Path(__file__).parents[2]

SCRIPT = (
    (2 * SECOND, "set gateway.admission tokens"),
    (3 * SECOND, "limit {tenant.strategic} tokens 90k"),
    (4 * SECOND, "set tenant.{tenant.newsroom}.request_limit 100"),
    (5 * SECOND, "shed tenant={tenant.storefront} 10%"),
    (6 * SECOND, 'ask platform "is {tenant.strategic} the customer that uses the most tokens?"'),
    (7 * SECOND, "priority {tenant.newsroom} batch"),
    (9 * SECOND, "restart chat-pool-1"),
    (15 * SECOND, "scale chat-pool 4"),
    (20 * SECOND, "waiver expire chg-2107 --in 10s"),
    (25 * SECOND, "drain chat-pool-0"),
    (26 * SECOND, "silence TTFTBurnRateFast"),
    (30 * SECOND, "page account-manager"),
    (31 * SECOND, "set chat-pool.max_num_seqs 24"),
)
"""Every kind of command that reaches the world, with names where a cast puts them."""


def eventful() -> Scenario:
    """Return the small world with agents, a slow card and a lost one."""
    scenario = with_fault(small(), "context_growth", "tenant.strategic", 0, **AGENTS)
    scenario = with_fault(scenario, "clock_throttle", "node-1", 5 * SECOND, slowdown=1_500_000, ramp=10 * SECOND)
    return with_fault(scenario, "gpu_lost", "node-2", 40 * SECOND)


def digests(played: Played) -> tuple[str, str]:
    """Return both digests."""
    return played.world.dyn_digest(), played.world.tel_digest()


@pytest.fixture(scope="module")
def reference() -> Played:
    """Return the eventful run, scripted."""
    return Run(scenario=eventful(), script=SCRIPT).play()


PROGRAM = """
import json
from tests.world.test_determinism import SCRIPT, digests, eventful
from tests.world.worlds import Run
played = Run(scenario=eventful(), script=SCRIPT).play()
print(json.dumps([*digests(played), [[c.dyn, c.tel] for c in played.checkpoints()]]))
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_process_gives_the_same_bits(reference: Played, hash_seed: str) -> None:
    """A fresh interpreter with any hash seed gives the same digests at every checkpoint."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [*digests(reference), [[c.dyn, c.tel] for c in reference.checkpoints()]]


def test_running_twice_gives_the_same_bits(world_twice: Twice, reference: Played) -> None:
    """The eventful run is repeatable within a process, and every command of its script takes effect."""
    assert digests(world_twice(Run(scenario=eventful(), script=SCRIPT))) == digests(reference)
    assert reference.effects("failed") == []


def test_without_telemetry_the_dynamics_are_the_same(reference: Played) -> None:
    """Dropping logs, spans and metrics nobody reads leaves the dyn digest at every checkpoint as it was."""
    bare = Run(scenario=eventful(), script=SCRIPT, telemetry=False).play()
    assert [c.dyn for c in bare.checkpoints()] == [c.dyn for c in reference.checkpoints()]
    assert bare.world.sli() == reference.world.sli()
    assert bare.world.cost_microdollars() == reference.world.cost_microdollars()
    assert len(bare.world.logs) == 0


def test_slices_do_not_matter(reference: Played) -> None:
    """Advancing in many uneven slices gives the same bits as a few long ones."""
    draws = Draws(1, "test", "slices")
    slices = tuple((draws.below(i, 80 * SECOND) - 20 * SECOND, lambda _: None) for i in range(300))
    assert digests(Run(scenario=eventful(), script=SCRIPT, probes=slices).play()) == digests(reference)


def look_at_everything(world: World) -> None:
    """Read all that can be read."""
    for part in ("gateway", "router", "chat-pool", "chat-pool-0", "node-1", "autoscaler", "organisation",
                 "observability", "tenant.strategic"):  # fmt: skip
        assert world.inspect(part)
    assert world.topology()
    assert world.changes()
    assert world.vocabulary().tenants
    assert world.sli()
    assert world.cost_microdollars() > 0
    assert world.root_causes_present()
    assert list(world.alerts)


def test_looking_changes_nothing(reference: Played) -> None:
    """However much somebody looks, topology, bill and ground truth included, both digests stay."""
    probes = every(1_700_000, 60 * SECOND, look_at_everything, start_us=-15 * SECOND)
    assert digests(Run(scenario=eventful(), script=SCRIPT, probes=probes).play()) == digests(reference)


def test_an_innocent_feature_moves_nothing(reference: Played) -> None:
    """Extra draws, log lines, metrics and observing events change what is emitted, and no dynamics."""

    def feature(world: World) -> None:
        stack = stack_of(world)
        draws = Draws(stack.seed, "innocent", "feature")

        def tick(_: object) -> None:
            count = draws.below(stack.kernel.now + 30 * SECOND, 100)
            stack.journal.emit("info", "innocent", "node-0", "a line nobody expected", {"count": count})
            stack.kernel.after(700_000, tick, None, OBSERVE)

        stack.registry.gauge("gpu_cost_dollars_per_hour", {"pool": "innocent"}, lambda: 1.0, target="innocent")
        tick(None)

    played = Run(scenario=eventful(), script=SCRIPT, probes=((-19 * SECOND, feature),)).play()
    assert played.world.dyn_digest() == reference.world.dyn_digest()
    assert played.world.tel_digest() != reference.world.tel_digest()


def test_another_tenant_moves_nobody_else() -> None:
    """A further tenant without traffic leaves every other tenant's requests exactly as they were."""
    scenario = eventful()
    silent = scenario.tenants[0].model_copy(update={"id": "silent"})
    silent = silent.model_copy(update={"workload": silent.workload.model_copy(update={"rate": 0})})
    more = scenario.model_copy(update={"tenants": (*scenario.tenants, silent)})
    alone, together = Run(scenario=scenario).play().world.sli(), Run(scenario=more).play().world.sli()
    assert {key: counts for key, counts in together.items() if "silent" not in key} == alone
    assert together["ttft/silent"] == [0, 0]


@pytest.mark.parametrize("cast_seed", [1, 2])
def test_other_names_change_no_dynamics(reference: Played, cast_seed: int) -> None:
    """With another cast the same commands give the same dyn digest at every checkpoint, under other names."""
    cast = make_cast(eventful(), cast_seed)
    played = Run(scenario=eventful(), script=SCRIPT, cast=cast).play()
    assert [c.dyn for c in played.checkpoints()] == [c.dyn for c in reference.checkpoints()]
    assert played.world.dyn_digest() == reference.world.dyn_digest()
    assert played.world.tel_digest() != reference.world.tel_digest()
    assert played.world.vocabulary().tenants != reference.world.vocabulary().tenants


def test_another_seed_is_another_world(reference: Played) -> None:
    """The digests do depend on what decides them: the seed, and a single command."""
    assert digests(Run(scenario=eventful(), script=SCRIPT, seed=2).play()) != digests(reference)
    assert digests(Run(scenario=eventful(), script=SCRIPT[:-1]).play()) != digests(reference)


@pytest.mark.parametrize(
    "line",
    [
        "set gateway.max_queue 4000",
        "set gateway.admission requests",
        "set chat-pool.max_num_seqs 32",
        "set chat-pool.replicas 3",
        "set node-1.power_cap 400",
        "scale chat-pool 3",
        "limit storefront tokens unlimited",
        "priority newsroom standard",
        "shed tier=batch 0%",
        "silence TTFTBurnRateFast",
    ],
)
def test_a_command_that_changes_nothing_harms_nobody(line: str) -> None:
    """Setting what is set already leaves every service-level integer and the bill as they were."""
    plain = Run(scenario=small(rate=6_000, duration=30 * SECOND))
    touched = Run(scenario=plain.scenario, script=((3 * SECOND, line),))
    one, two = plain.play().world, touched.play().world
    assert one.sli() == two.sli()
    assert one.cost_microdollars() == two.cost_microdollars()
    assert [p.engine.iterations() for p in stack_of(one).pool.pods if p.engine] == [
        p.engine.iterations() for p in stack_of(two).pool.pods if p.engine
    ]
