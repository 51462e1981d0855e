"""How containers come up and go down: memory at the start, back-off, probes."""

from __future__ import annotations

from itertools import pairwise

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.engine.step_model import PRESETS
from incidentsim.world.stack.pools.launcher import BACK_OFF_US, LONGEST_BACK_OFF_US
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_revisions import deployed
from tests.world.worlds import SECOND, Run, every, overridden, quiet, small, stack_of, values, with_client, with_fault

POOL = "chat-pool"


def packed(scenario: Scenario, other_ppm: int) -> Scenario:
    """Return the scenario with other processes on each card, and max_num_seqs left to the image."""
    pool = scenario.stack.pools[0].model_copy(update={"other_gpu_memory": other_ppm})
    own = {k: v for k, v in scenario.overrides[POOL].items() if k != "max_num_seqs"}
    return scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"pools": (pool,)}),
                                       "overrides": scenario.overrides | {POOL: own}})  # fmt: skip


def greedy_image(other_ppm: int) -> Scenario:
    """Return a deploy, at 1 s, of an image that takes 1,024 sequences by default."""
    base = with_fault(packed(quiet(duration=120 * SECOND), other_ppm), "startup_oom", POOL, SECOND,
                      with_change="chg-9", max_num_seqs=1_024)  # fmt: skip
    return deployed(base, at_us=SECOND)


def test_the_sampler_takes_what_vllm_reports() -> None:
    """1,024 dummy requests of a Llama 3 take about 3 GB beside the KV cache, 256 under one."""
    preset = PRESETS["llama3_8b_a100_tp1"]
    assert 3.0e9 < preset.sampler_bytes(1_024) < 3.3e9
    assert preset.sampler_bytes(256) < 1e9


def test_an_image_whose_default_does_not_fit_crash_loops(world_twice: Twice) -> None:
    """With little memory left on the card all its pods die in warm-up; with room it only takes more sequences."""
    tight = world_twice(Run(scenario=greedy_image(420_000)))
    assert {p.state for p in tight.stack.pool.pods} <= {"crashed", "loading"}
    assert tight.messages("CUDA out of memory occurred when warming up sampler with 1024 dummy requests")
    assert min(values(tight.world, "DCGM_FI_DEV_FB_FREE", Hostname="node-0")) == 0
    assert max(values(tight.world, "kube_pod_container_status_waiting_reason", pod=f"{POOL}-0")) == 1
    roomy = world_twice(Run(scenario=greedy_image(0)))
    assert [p.engine.max_num_seqs for p in roomy.stack.pool.pods if p.engine] == [1_024] * 3


def test_saying_the_value_in_the_deployment_cures_it(world_twice: Twice) -> None:
    """Set to the number it shows already, max_num_seqs is pinned, pods come up, and the cause is gone."""
    script = ((60 * SECOND, f"set {POOL}.max_num_seqs 96"),)
    played = world_twice(Run(scenario=greedy_image(420_000), script=script))
    assert [p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine] == [96] * 3
    assert stack_of(played.world).faults[f"startup-oom-{POOL}"].removed
    assert "max_num_seqs is not set in the deployment: the image's own default holds" not in played.world.inspect(POOL)


def test_more_memory_for_vllm_leaves_less_for_the_warm_up(world_twice: Twice) -> None:
    """Raising gpu_memory_utilization does not help, lowering it does."""

    def up_after(share: str) -> list[str]:
        script = ((40 * SECOND, f"set {POOL}.gpu_memory_utilization {share}"),)
        return [p.state for p in world_twice(Run(scenario=greedy_image(420_000), script=script)).stack.pool.pods]

    assert "ready" not in up_after("0.57")
    assert up_after("0.5") == ["ready"] * 3


def test_back_off_doubles_up_to_five_minutes(world_twice: Twice) -> None:
    """A container that dies at each start is tried after 10, 20, 40 ... and then every 300 s."""
    waits: list[int] = []
    pod = {"restarts": 0}

    def look(world: World) -> None:
        first = stack_of(world).pool.pods[0]
        if first.restarts > pod["restarts"]:
            pod["restarts"] = first.restarts
            waits.append(first.retry_us)

    scenario = with_fault(quiet(duration=1_300 * SECOND), "gpu_lost", "node-0", SECOND)
    played = Run(scenario=scenario, probes=every(SECOND, 1_300 * SECOND, look, start_us=2 * SECOND)).play()
    gaps = [b - a for a, b in pairwise(waits)]
    assert gaps == [min(LONGEST_BACK_OFF_US, BACK_OFF_US << n) for n in range(1, len(gaps) + 1)]
    assert gaps[-1] == LONGEST_BACK_OFF_US
    assert played.messages("Back-off restarting failed container vllm in pod chat-pool-0: 300 s")


def test_a_gpu_that_comes_back_ends_the_loop(world_twice: Twice) -> None:
    """When the cause is gone, the next try succeeds, without anybody's doing."""
    scenario = with_fault(quiet(duration=120 * SECOND), "gpu_lost", "node-0", SECOND, lasts=25 * SECOND)
    assert [p.state for p in world_twice(Run(scenario=scenario)).stack.pool.pods] == ["ready"] * 3


def test_a_startup_probe_shorter_than_the_load_kills_loading_pods(world_twice: Twice) -> None:
    """With less time than the weights take, a restarted pod never comes up; with more it does."""
    pool = quiet().stack.pools[0].model_copy(update={"load_time": 20 * SECOND})
    base = quiet(duration=120 * SECOND)
    slow = base.model_copy(update={"stack": base.stack.model_copy(update={"pools": (pool,)})})
    script = ((SECOND, f"restart {POOL}-0"),)
    killed = world_twice(Run(scenario=overridden(slow, POOL, startup_probe="15s"), script=script))
    assert killed.stack.pool.pods[0].state != "ready"
    assert killed.messages("Container vllm failed startup probe, will be restarted")
    patient = world_twice(Run(scenario=overridden(slow, POOL, startup_probe="60s"), script=script))
    assert patient.stack.pool.pods[0].state == "ready"


def test_a_readiness_delay_keeps_a_loaded_pod_out(world_twice: Twice) -> None:
    """A pod that is up gets its first request only after the delay."""
    script = ((SECOND, f"restart {POOL}-0"),)
    scenario = overridden(quiet(), POOL, readiness_delay="30s")
    states: list[str] = []

    def look(world: World) -> None:
        states.append(stack_of(world).pool.pods[0].state)

    world_twice(Run(scenario=scenario, script=script, probes=((20 * SECOND, look), (50 * SECOND, look))))
    assert states[:2] == ["loading", "ready"]


def test_a_token_probe_restarts_a_hung_engine(world_twice: Twice) -> None:
    """A probe on progress notices an engine that hangs with requests running; the usual one does not."""
    scenario = with_fault(small(), "engine_hang", POOL, 10 * SECOND, replica=0)
    scenario = with_client(scenario, patience=300 * SECOND, deadline=300 * SECOND)
    blind = world_twice(Run(scenario=scenario))
    assert blind.stack.pool.pods[0].hung
    assert blind.stack.pool.pods[0].restarts == 0
    seeing = overridden(scenario, POOL, token_probe="10s")
    begun = world_twice(Run(scenario=seeing))
    assert begun.messages("Container vllm failed liveness probe")
    assert stack_of(begun.world).faults[f"engine-hang-{POOL}"].removed
