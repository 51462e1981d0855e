"""Small worlds for tests: the packaged incident cut to three replicas, light traffic and no fault.

Numbers are set here, so that tuning the scenario moves no test. `Run` says what is done to a world and can be
repeated, which is how the `world_twice` fixture proves that it gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from incidentsim.commands.parse import parse
from incidentsim.events import CheckpointTaken, EffectObserved, Fact
from incidentsim.scenario.cast import Cast, plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import FaultPlan, Scenario, TimelineEntry
from incidentsim.scenario.parts import (
    ControlPlanePart,
    FeaturePart,
    GuardrailPart,
    JobPart,
    PipelinePart,
    PreprocessingPart,
    QualityPart,
    RankerPart,
    RegistryPart,
    ResponseCachePart,
    RetrievalPart,
    RoutePart,
)
from incidentsim.world.stack.build import Stack
from incidentsim.world.world import World

SECOND = 1_000_000

SCENARIOS = Path(__file__).parents[2] / "scenarios"

Probe = Callable[[World], None]


@lru_cache(maxsize=1)
def packaged() -> Scenario:
    """Return the packaged incident as it is."""
    return load_scenario(SCENARIOS / "slow-chat")


def small(*, rate: int = 3_000, prelude: int = 20 * SECOND, duration: int = 60 * SECOND) -> Scenario:
    """Return three replicas, quota 4, every tenant at `rate` thousandths per second, no fault, the waiver kept."""
    whole = packaged()
    pool = whole.stack.pools[0].model_copy(
        update={
            "gpu_quota": 4,
            "provision_time": 8 * SECOND,
            "load_time": 6 * SECOND,
            "roll_parallel": 1,
            "knobs": {},
        }
    )
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update={"rate": rate})}) for t in whole.tenants
    )
    waiver = [e for e in whole.timeline if e.change is not None and e.change.waiver is not None]
    page = [e for e in whole.timeline if e.page is not None]
    return whole.model_copy(
        update={
            "prelude": prelude,
            "duration": duration,
            "stack": whole.stack.model_copy(update={"pools": (pool,)}),
            "overrides": {
                pool.id: {"replicas": 3, "max_num_seqs": 32, "gpu_memory_utilization": 0.55},
                "autoscaler": {"enabled": False, "min_replicas": 1, "max_replicas": 4, "cooldown": "0s"},
            },
            "tenants": tenants,
            "timeline": (*waiver, *page),
        }
    )


def complete(scenario: Scenario) -> Scenario:
    """Return the scenario with one component of every optional kind in its stack."""
    stack = scenario.stack
    return scenario.model_copy(update={"stack": stack.model_copy(update={
        "routes": (
            RoutePart(id="chat", stages=("response-cache", "guardrail", "preprocessing", "retrieval"),
                      pools=(stack.pools[0].id,)),
        ),
        "components": (
            GuardrailPart(id="guardrail"), PreprocessingPart(id="preprocessing"), QualityPart(id="quality"),
            PipelinePart(
                id="pipeline", jobs=(JobPart.model_validate({"id": "daily", "at": "30s", "takes": "5s"}),),
                features=(
                    FeaturePart.model_validate({"id": "taste", "source": "daily", "weight": 0.6}),
                    FeaturePart.model_validate({"id": "clicks", "source": "stream", "weight": 0.4}),
                ),
            ), RankerPart(id="ranker"), ResponseCachePart(id="response-cache"),
            RetrievalPart(id="retrieval"),
            RegistryPart(id="registry"), ControlPlanePart(id="control-plane"),
        ),
    })})  # fmt: skip


def quiet(**cut: int) -> Scenario:
    """Return the small world without any traffic."""
    return small(rate=0, **cut)


def overridden(scenario: Scenario, component: str, **knobs: Any) -> Scenario:
    """Return the scenario with further starting knobs of one component."""
    now = scenario.overrides.get(component, {})
    return scenario.model_copy(update={"overrides": scenario.overrides | {component: now | knobs}})


def with_client(scenario: Scenario, **client: int) -> Scenario:
    """Return the scenario with every tenant's SDK changed."""
    tenants = tuple(t.model_copy(update={"client": t.client.model_copy(update=client)}) for t in scenario.tenants)
    return scenario.model_copy(update={"tenants": tenants})


def with_fault(
    scenario: Scenario, kind: str, component: str, at_us: int, *, with_change: str = "", **params: Any
) -> Scenario:
    """Return the scenario with a further fault, called like its kind; parameters in stored units."""
    fault_id = f"{kind}-{component}".replace(".", "-").replace("_", "-")
    plan = FaultPlan(id=fault_id, component=component, kind=kind, params=params, with_change=with_change)
    entry = TimelineEntry.model_construct(at=at_us, fault=plan)
    return scenario.model_copy(update={"timeline": (*scenario.timeline, entry)})


def stack_of(world: World) -> Stack:
    """Return a world's components, which nobody but tests may look into."""
    return world._stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is done to one world: command lines and probes at their times, to the scenario's end."""

    scenario: Scenario
    seed: int = 1
    cast: Cast | None = None
    telemetry: bool = True
    script: tuple[tuple[int, str], ...] = ()
    probes: tuple[tuple[int, Probe], ...] = ()

    def play(self) -> Played:
        """Make the world, do it all, and return it with everything it reported."""
        cast = self.cast or plain_cast(self.scenario)
        world = World(self.scenario, seed=self.seed, cast=cast, telemetry=self.telemetry)
        todo: list[tuple[int, str | Probe]] = sorted([*self.script, *self.probes], key=lambda item: item[0])
        for ref, (t_us, what) in enumerate(todo, start=1):
            if isinstance(what, str):
                world.advance(t_us - 1)
                send(world, cast.render(what), t_us=t_us, ref=ref)
            else:
                world.advance(t_us)
                what(world)
        world.advance(self.scenario.duration)
        return Played(world=world, facts=tuple(world.facts()))


def send(world: World, line: str, *, t_us: int, ref: int = 1) -> None:
    """Parse a line as the session does and hand it to the world."""
    command = world.resolve(parse(line, world.vocabulary()))
    world.submit(command, t_us=t_us, k=0, ref=ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A world at its end, and its facts."""

    world: World
    facts: tuple[Fact, ...]

    @property
    def stack(self) -> Stack:
        """The components."""
        return stack_of(self.world)

    def effects(self, stage: str) -> list[str]:
        """Return the texts of all effects of one stage."""
        return [f.text for f in self.facts if isinstance(f, EffectObserved) and f.stage == stage]

    def checkpoints(self) -> list[CheckpointTaken]:
        """Return the checkpoints in order."""
        return [f for f in self.facts if isinstance(f, CheckpointTaken)]

    def messages(self, text: str) -> list[str]:
        """Return the log messages that contain `text`, oldest first."""
        found = self.world.logs.select(limit=100_000).records
        return [r.message for r in found if text in r.message]


def every(period_us: int, until_us: int, probe: Probe, *, start_us: int = 0) -> tuple[tuple[int, Probe], ...]:
    """Return the probe at `start_us` and every `period_us` from there."""
    return tuple((t, probe) for t in range(start_us, until_us + 1, period_us))


def values(world: World, name: str, **labels: str) -> list[float]:
    """Return all samples of the reported series of `name` that have these labels, in order of time."""
    out: list[float] = []
    for series in world.metrics.series(name):
        if dict(series.labels).items() >= labels.items():
            out.extend(series.values)
    return out


def first_difference(one: Sequence[Fact], two: Sequence[Fact]) -> str:
    """Return a line that says where two runs part, empty when they don't."""
    for a, b in zip(one, two, strict=False):
        if a != b:
            return f"at {a.t_us} µs: {a} != {b}"
    return "" if len(one) == len(two) else f"{len(one)} facts against {len(two)}"
