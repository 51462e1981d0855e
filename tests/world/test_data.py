"""The data platform: batches, contracts, snapshots, the stream, and the model that lives on them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import RoutePart
from incidentsim.world.stack.data.batch import FeatureState
from incidentsim.world.stack.data.pipeline import Pipeline
from incidentsim.world.stack.data.ranker import Ranker
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Run, complete, overridden, small, stack_of, values, with_fault


def ranking(rate: int = 2_000) -> Scenario:
    """Return the small world with everything, in which all requests are ranked."""
    scenario = complete(small(rate=rate))
    routes = (RoutePart(id="rank", stages=("ranker",)),)
    return scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"routes": routes})})


def pipeline_of(world: World) -> Pipeline:
    """Return the data platform."""
    found = stack_of(world).components["pipeline"]
    assert isinstance(found, Pipeline)
    return found


@given(st.integers(0, 1_000_000), st.integers(0, 5_000_000))
def test_information_is_a_share(missing: int, psi: int) -> None:
    """What a feature still tells lies between all and nothing, and never rises with missing values or shift."""
    state = FeatureState(missing_ppm=missing, psi_ppm=psi, as_of_us=0)
    worse = FeatureState(missing_ppm=min(1_000_000, missing + 1_000), psi_ppm=psi + 1_000, as_of_us=0)
    assert 0 <= worse.information_ppm() <= state.information_ppm() <= 1_000_000
    assert 0 <= state.ks_ppm() <= 1_000_000


def test_a_job_publishes_what_it_read_when_it_started(world_twice: Twice) -> None:
    """The daily job starts at T+30 s and its snapshot is online five seconds later."""
    played = world_twice(Run(scenario=ranking()))
    store = pipeline_of(played.world).store
    assert store.serving.id == "snap-2"
    assert store.serving.published_us == 35 * SECOND
    assert store.serving.features["taste"].as_of_us == 30 * SECOND


def test_a_renamed_column_costs_confidence_and_quality(world_twice: Twice) -> None:
    """After the run the feature is missing, the model unsure, its decisions worse; answers come as fast as before."""
    sick = with_fault(ranking(20_000), "schema_change", "job.daily", 0, feature="taste", how="renamed", ramp=0)
    played = world_twice(Run(scenario=sick))
    assert values(played.world, "feature_missing_ratio", feature="taste")[-1] == 1.0
    ranker = played.stack.components["ranker"]
    assert isinstance(ranker, Ranker)
    well = world_twice(Run(scenario=ranking(20_000))).stack.components["ranker"]
    assert isinstance(well, Ranker)
    assert ranker.information_ppm() < 450_000 < well.information_ppm()
    assert ranker.bad > 2 * well.bad
    late = [sum(v[1] for k, v in p.world.sli().items() if k.startswith("ttft")) for p in (played,)]
    assert late == [0]


def test_an_enforced_contract_keeps_the_batch_out(world_twice: Twice) -> None:
    """With contract_mode=enforce the bad batch is rejected and the former snapshot stays."""
    sick = with_fault(ranking(), "schema_change", "job.daily", 0, feature="taste", how="renamed", ramp=0)
    played = world_twice(Run(scenario=overridden(sick, "pipeline", contract_mode="enforce")))
    assert pipeline_of(played.world).store.serving.id == "snap-1"
    assert values(played.world, "pipeline_job_runs_total", job="daily", result="rejected")[-1] == 1
    assert values(played.world, "pipeline_validator_failures_total", job="daily", check="missing_rate")[-1] == 1
    assert played.messages("expectation failed: column taste")


def test_a_backfill_gets_around_the_renamed_column(world_twice: Twice) -> None:
    """A backfill reads raw events: its snapshot is whole, though the fault is still there."""
    sick = with_fault(ranking(), "schema_change", "job.daily", 0, feature="taste", how="renamed", ramp=0)
    played = world_twice(Run(scenario=sick, script=((40 * SECOND, "backfill job.daily"),)))
    store = pipeline_of(played.world).store
    assert (store.serving.id, store.serving.features["taste"].missing_ppm) == ("snap-3", 4_000)
    assert not next(iter(played.stack.faults.values())).removed


def test_a_pinned_snapshot_is_served(world_twice: Twice) -> None:
    """The store serves the snapshot it is pinned to although a newer one is online."""
    pinned: list[str] = []

    def pin(world: World) -> None:
        pipeline_of(world).store.pin("snapshot", "snap-1")
        pinned.append(pipeline_of(world).store.serving.id)

    played = world_twice(Run(scenario=ranking(), probes=((40 * SECOND, pin),)))
    assert pinned == ["snap-1", "snap-1"]
    assert pipeline_of(played.world).store.serving.id == "snap-1"


def test_slow_consumers_fall_behind_exactly(world_twice: Twice) -> None:
    """Lag grows by arrivals less what is consumed, and falls again when the consumers are fast enough."""
    slow = with_fault(ranking(), "late_data", "pipeline", 0, slowdown=10_000_000, ramp=0, lasts=40 * SECOND)
    seen: list[int] = []
    probes = tuple((t * SECOND, lambda w: seen.append(pipeline_of(w).stream.delay_us())) for t in (20, 40, 60))
    world_twice(Run(scenario=slow, probes=probes))
    at_20, at_40, at_60 = seen[-3:]
    # 1,200 events/s come; four consumers do 400/s: two thirds of the time passed is missing
    assert abs(at_20 - 20 * SECOND * 2 // 3) < SECOND
    assert abs(at_40 - 40 * SECOND * 2 // 3) < SECOND
    assert at_60 == 0 or at_60 < at_40


def test_consumers_beyond_the_partitions_do_nothing(world_twice: Twice) -> None:
    """Sixty-four consumers on four partitions lag like four."""
    slow = with_fault(ranking(), "late_data", "pipeline", 0, slowdown=10_000_000, ramp=0)
    many = world_twice(Run(scenario=overridden(slow, "pipeline", consumers=64)))
    four = world_twice(Run(scenario=slow))
    assert pipeline_of(many.world).stream.lag() == pipeline_of(four.world).stream.lag()
