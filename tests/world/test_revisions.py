"""Revisions: a deploy reaches pods one after the other, and so does its cure; pods do what their revisions do."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from incidentsim.commands.model import Command
from incidentsim.scenario.model import Change, Scenario, TimelineEntry
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Probe, Run, complete, quiet, small, values, with_fault

POOL = "chat-pool"


def deployed(scenario: Scenario, *, at_us: int = SECOND, **change: Any) -> Scenario:
    """Return the scenario with a deploy of the pool, chg-9."""
    what = Change(id="chg-9", kind="deploy", target=POOL, actor="bot", summary="rollout", **change)
    entry = TimelineEntry.model_construct(at=at_us, change=what)
    return scenario.model_copy(update={"timeline": (*scenario.timeline, entry)})


def running(played: Played, key: str) -> list[str]:
    """Return the revision of each pod."""
    return [p.revisions[key] for p in played.stack.pool.pods]


def test_a_deploy_reaches_pods_one_after_the_other(world_twice: Twice) -> None:
    """While it rolls some pods have the new image and some the old; in the end all have the new one."""
    seen: list[list[str]] = []

    def look(world: World) -> None:
        seen.append([p.revisions["image"] for p in world._stack.pool.pods])

    scenario = deployed(quiet(), revisions={"image": "v2"})
    played = world_twice(Run(scenario=scenario, probes=tuple((t * SECOND, look) for t in (0, 10, 50))))
    assert "v2" not in seen[0]
    assert 0 < seen[1].count("v2") < 3
    assert running(played, "image") == ["v2"] * 3
    assert "image = v2" in played.world.inspect(f"{POOL}-1")


def test_a_deploy_before_the_beginning_is_there_from_the_first_event() -> None:
    """What was deployed an hour ago runs everywhere, without a roll."""
    played = Run(scenario=deployed(quiet(duration=0), at_us=-3_600 * SECOND, revisions={"weights": "r2"})).play()
    assert running(played, "weights") == ["r2"] * 3
    assert not played.messages("rolling update")


def test_a_paused_deploy_stops_after_its_pods(world_twice: Twice) -> None:
    """A deploy of one pod leaves the others as they are, until something else replaces them."""
    scenario = deployed(quiet(), revisions={"tokenizer": "r2"}, pods=1)
    assert running(world_twice(Run(scenario=scenario)), "tokenizer") == ["r2", "r1", "r1"]
    again = world_twice(Run(scenario=scenario, script=((30 * SECOND, f"restart {POOL}-2"),)))
    assert running(again, "tokenizer") == ["r2", "r1", "r2"]


def test_a_rollback_cures_pod_by_pod(world_twice: Twice) -> None:
    """The fault of a deploy is there until the last pod that runs it is replaced, not at the command."""
    removed: dict[int, bool] = {}

    def look(world: World) -> None:
        fault = world._stack.faults[f"bad-image-{POOL}"]
        removed[world.now_us // SECOND] = fault.removed

    base = with_fault(quiet(duration=80 * SECOND), "bad_image", POOL, -19 * SECOND, with_change="chg-9",
                      slowdown=2_000_000)  # fmt: skip
    scenario = deployed(base, at_us=-19 * SECOND)
    script = ((20 * SECOND, "rollback chg-9"),)
    probes: tuple[tuple[int, Probe], ...] = tuple((t * SECOND, look) for t in (19, 27, 34, 79))
    played = world_twice(Run(scenario=scenario, script=script, probes=probes))
    assert removed == {19: False, 27: False, 34: False, 79: True}
    assert len(set(running(played, "image"))) == 1


def test_a_rollback_spares_what_the_deploy_had_not_reached(world_twice: Twice) -> None:
    """One of three pods has the new tokenizer: taking it back replaces that one, and says so beforehand."""
    scenario = deployed(quiet(duration=80 * SECOND), at_us=-19 * SECOND, revisions={"tokenizer": "r2"}, pods=1)

    def look(world: World) -> None:
        lines = world.preview(Command(verb="rollback", args={"change": "chg-9"}))
        assert any("replaces 1 pods" in line for line in lines), lines

    played = world_twice(Run(scenario=scenario, script=((20 * SECOND, "rollback chg-9"),),
                             probes=((19 * SECOND, look),)))  # fmt: skip
    assert running(played, "tokenizer") == ["r1"] * 3
    assert [p.began_us > 20 * SECOND for p in played.stack.pool.pods] == [True, False, False]


def test_the_second_batch_of_a_deploy_reaches_the_others(world_twice: Twice) -> None:
    """Pods that have a revision are not replaced for it again."""
    first = deployed(quiet(duration=120 * SECOND), at_us=SECOND, revisions={"tokenizer": "r2"}, pods=1)
    rest = Change(id="chg-10", kind="deploy", target=POOL, actor="bot", summary="rest", revisions={"tokenizer": "r2"})
    entry = TimelineEntry.model_construct(at=50 * SECOND, change=rest)
    played = world_twice(Run(scenario=first.model_copy(update={"timeline": (*first.timeline, entry)})))
    assert running(played, "tokenizer") == ["r2"] * 3
    assert [p.began_us >= 50 * SECOND for p in played.stack.pool.pods] == [False, True, True]


def test_pinning_what_runs_replaces_nothing_and_says_so(world_twice: Twice) -> None:
    """Pods that are like that already stay, with their caches."""
    played = world_twice(Run(scenario=quiet(duration=30 * SECOND), script=((SECOND, f"pin {POOL} tokenizer=r1"),)))
    assert played.effects("done")[-1] == f"every pod of {POOL} is like that already; none is replaced"
    assert len(played.stack.pool.routable) == 3
    assert all(p.epoch == 0 for p in played.stack.pool.pods)


def test_a_fault_that_its_change_did_not_roll_out_ends_with_the_rollback(world_twice: Twice) -> None:
    """Brought by a change of something else, a fault in an image ends where that is reverted."""
    base = with_fault(quiet(), "bad_image", POOL, -19 * SECOND, with_change="chg-9", slowdown=2_000_000)
    change = Change(id="chg-9", kind="deploy", target="node-pool", actor="bot", summary="GPU driver")
    entry = TimelineEntry.model_construct(at=-19 * SECOND, change=change)
    scenario = base.model_copy(update={"timeline": (*base.timeline, entry)})
    played = world_twice(Run(scenario=scenario, script=((SECOND, "rollback chg-9"),)))
    assert played.stack.faults[f"bad-image-{POOL}"].removed


@pytest.mark.parametrize("line", ["rollback chg-9", f"pin {POOL} tokenizer=r1"])
def test_pinning_the_old_revision_is_as_good_as_a_rollback(world_twice: Twice, line: str) -> None:
    """A fault in a revision is removed when no pod runs it, whatever replaced them."""
    base = with_fault(quiet(duration=80 * SECOND), "tokenizer_mismatch", POOL, -19 * SECOND, with_change="chg-9",
                      prompt_tokens=1_350_000, runs_on=0, garbled=0)  # fmt: skip
    scenario = deployed(base, at_us=-19 * SECOND, pods=1)
    played = world_twice(Run(scenario=scenario, script=((20 * SECOND, line),)))
    assert played.world._stack.faults[f"tokenizer-mismatch-{POOL}"].removed
    left = world_twice(Run(scenario=scenario))
    assert not left.world._stack.faults[f"tokenizer-mismatch-{POOL}"].removed


def test_weights_that_fit_the_tokenizer_end_a_mismatch(world_twice: Twice) -> None:
    """Rolling the weights forward to those of the tokenizer makes the pair whole."""
    base = with_fault(quiet(duration=80 * SECOND), "tokenizer_mismatch", POOL, SECOND, with_change="chg-9",
                      prompt_tokens=1_350_000, runs_on=0, garbled=0)  # fmt: skip
    base = deployed(base, at_us=SECOND)
    later = Change(id="chg-10", kind="deploy", target=POOL, actor="bot", summary="weights", revisions={"weights": "r2"})
    entry = TimelineEntry.model_construct(at=30 * SECOND, change=later)
    played = world_twice(Run(scenario=base.model_copy(update={"timeline": (*base.timeline, entry)})))
    assert played.world._stack.faults[f"tokenizer-mismatch-{POOL}"].removed


def test_an_unfitting_tokenizer_changes_prompts_and_ends(world_twice: Twice) -> None:
    """Only the pod that runs it counts more prompt tokens and ends answers for their length."""
    base = with_fault(small(rate=6_000), "tokenizer_mismatch", POOL, -20 * SECOND, with_change="chg-9",
                      prompt_tokens=2_000_000, runs_on=500_000, garbled=300_000)  # fmt: skip
    played = world_twice(Run(scenario=deployed(base, at_us=-20 * SECOND, pods=1)))

    def mean(name: str, pod: int) -> float:
        total, count = (values(played.world, f"{name}_{part}", engine=f"{POOL}-{pod}")[-1] for part in ("sum", "count"))
        return total / count

    prompts = [mean("vllm:request_prompt_tokens", i) for i in range(3)]
    outputs = [mean("vllm:request_generation_tokens", i) for i in range(3)]
    assert prompts[0] > 1.6 * max(prompts[1:])
    assert outputs[0] > 2 * max(outputs[1:])
    lengths = [values(played.world, "vllm:request_success_total", engine=f"{POOL}-{i}", finished_reason="length")[-1]
               for i in range(3)]  # fmt: skip
    assert lengths[0] > 5
    assert lengths[1:] == [0, 0]
    assert [p.defects is not None for p in played.stack.pool.pods] == [True, False, False]


def test_work_of_such_a_pod_is_itself_again_elsewhere(world_twice: Twice) -> None:
    """A request that its pod lost goes to the next pod with its own prompt length."""
    base = with_fault(small(rate=6_000), "tokenizer_mismatch", POOL, -20 * SECOND, with_change="chg-9",
                      prompt_tokens=2_000_000, runs_on=0, garbled=0)  # fmt: skip
    seen: list[bool] = []

    def look(world: World) -> None:
        for pod in world._stack.pool.pods[1:]:
            for attempt in pod.stop():
                seen.append(attempt.prompt == attempt.tokens - attempt.request.max_tokens)

    script = ((10 * SECOND, f"restart {POOL}-0"), (10 * SECOND, f"drain {POOL}-0"))
    scenario = deployed(base, at_us=-20 * SECOND, pods=1)
    probe_at = 10 * SECOND + 50_000
    run = Run(scenario=scenario.model_copy(update={"duration": probe_at}), script=script, probes=((probe_at, look),))
    world_twice(run)
    assert seen
    assert all(seen)


def test_corrupt_kernels_show_on_their_gpus_only(world_twice: Twice) -> None:
    """Entropy is up and answers are garbled on the hosts that trigger it, and well on the other."""
    base = with_fault(complete(small(rate=6_000)), "numeric_corruption", POOL, -20 * SECOND, with_change="chg-9",
                      garbled=500_000, runs_on=0, hosts=2)  # fmt: skip
    played = world_twice(Run(scenario=deployed(base, at_us=-20 * SECOND)))
    entropy = [[v for v in values(played.world, "llm_output_entropy_nats", engine=f"{POOL}-{i}") if not isnan(v)][-1]
               for i in range(3)]  # fmt: skip
    assert min(entropy[:2]) > 2.5
    assert entropy[2] < 1
    quality = played.stack.components["quality"]
    assert quality.bad[POOL] > 0.2 * quality.judged[POOL]  # type: ignore[attr-defined]


def test_golden_prompts_name_the_replicas_that_answer_garbage(world_twice: Twice) -> None:
    """Asked from when they are switched on, replicas with corrupt kernels fail about as often as they garble."""
    base = with_fault(complete(small(rate=500, duration=200 * SECOND)), "numeric_corruption", POOL, -20 * SECOND,
                      with_change="chg-9", garbled=400_000, runs_on=0, hosts=2)  # fmt: skip
    sick = deployed(base, at_us=-20 * SECOND)
    script = ((10 * SECOND, "set quality.golden_prompts true"), (160 * SECOND, "set quality.golden_prompts false"))
    played = world_twice(Run(scenario=sick, script=script))
    asked, failed = ([values(played.world, name, pod=f"{POOL}-{i}")[-1] for i in range(3)]
                     for name in ("golden_prompts_total", "golden_prompts_failed_total"))  # fmt: skip
    assert asked == [75.0] * 3, "three rounds of 25"
    assert all(15 <= bad <= 45 for bad in failed[:2])
    assert failed[2] == 0
    silent = world_twice(Run(scenario=sick))
    assert values(silent.world, "golden_prompts_total") == []


def test_a_replica_that_hangs_fails_its_golden_prompts(world_twice: Twice) -> None:
    """No answer is not the known answer; one that is loading is not asked."""

    def hang(world: World) -> None:
        world._stack.pool.pods[1].hang()

    script = ((SECOND, "set quality.golden_prompts true"), (50 * SECOND, f"restart {POOL}-2"))
    run = Run(scenario=complete(small(rate=0, duration=75 * SECOND)), script=script, probes=((30 * SECOND, hang),))
    played = world_twice(run)
    asked, failed = ([values(played.world, name, pod=f"{POOL}-{i}")[-1] for i in range(3)]
                     for name in ("golden_prompts_total", "golden_prompts_failed_total"))  # fmt: skip
    assert asked[:2] == [50.0, 50.0]
    assert failed == [0.0, 25.0, 0.0]


def test_a_behaviour_regression_leaves_speed_alone(world_twice: Twice) -> None:
    """The engines make the same steps with the new weights; only what users think of answers changes."""
    plain = complete(small(rate=6_000))
    sick = deployed(with_fault(plain, "behaviour_regression", POOL, -20 * SECOND, with_change="chg-9", share=600_000),
                    at_us=-20 * SECOND)  # fmt: skip
    well, bad = world_twice(Run(scenario=plain)), world_twice(Run(scenario=sick))
    assert {k: v for k, v in well.world.sli().items() if not k.startswith("quality")} == {
        k: v for k, v in bad.world.sli().items() if not k.startswith("quality")
    }
    quality = (played.stack.components["quality"] for played in (well, bad))
    shares = [q.bad[POOL] / q.judged[POOL] for q in quality]  # type: ignore[attr-defined]
    assert shares[0] < 0.1
    assert shares[1] > 0.5
