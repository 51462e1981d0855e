"""How the containers of a pool come up and go down: weights, warm-up, probes, restarts with back-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Registry
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS
from incidentsim.world.stack.pools.pod import Pod

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool
    from incidentsim.world.stack.pools.registry_store import WeightsRegistry

LOAD_SPREAD_PPM: Final = 150_000
"""Half width of the load time's variation: ±15 %."""

WEIGHTS_SHARE_PPM: Final = 800_000
"""Share of the load time in which weights are read; profiling, KV cache and graph capture take the rest.

Of vLLM's start of an 8B model from a network disk: about 60 s weights, 15 s the rest (its own start-up log)."""

BACK_OFF_US, LONGEST_BACK_OFF_US = 10_000_000, 300_000_000
"""The kubelet's CrashLoopBackOff: 10 s, doubled with each crash, at most five minutes (Kubernetes documentation)."""

STEADY_US: Final = 600_000_000
"""A container that ran so long starts its back-off anew (Kubernetes documentation: ten minutes)."""

PROBE_PERIOD_US: Final = 5_000_000
"""How often the token probe looks at an engine's progress."""


class Launcher:
    """The kubelets' side of one pool. `weights` is where weights come from, None: a disk that is always there."""

    weights: WeightsRegistry | None = None

    def __init__(self, pool: Pool, kernel: Kernel, *, seed: int, registry: Registry, journal: Journal) -> None:
        self._pool = pool
        self._kernel = kernel
        self._registry = registry
        self._journal = journal
        self._draws = Draws(seed, pool.id, "load")
        self._probing = False

    def vary(self, duration_us: int, pod: Pod) -> int:
        """Return the duration with its variation for this start of the pod."""
        draw = self._draws.below(pod.index * 4096 + pod.epoch, 2 * LOAD_SPREAD_PPM + 1) - LOAD_SPREAD_PPM
        return duration_us + duration_us * draw // 1_000_000

    # -- coming up ------------------------------------------------------------------------------------------

    def load_new(self, pod: Pod) -> None:
        """Start the first container of a new pod: with the revisions wanted now, no crashes, and in rotation."""
        pod.made_from_wanted()
        pod.failures = 0
        pod.cordoned = False
        self.load(pod)

    def load(self, pod: Pod) -> None:
        """Start a container: fetch weights, warm up, serve."""
        pod.state = "loading"
        pod.epoch += 1
        pod.began_us = self._kernel.now
        pod.warm_us = NEVER
        self._registry.set_up(f"vllm/{pod.id}", False)
        refused = pod.node.refuses()
        if refused:
            self.crash(pod, refused)
            return
        limit = self._pool.int_knob("startup_probe")
        if self.weights is not None:
            self.weights.fetch(pod, self._fetched, self.crash)
        else:
            duration = self.vary(self._pool.part.load_time, pod)
            pod.warm_us = pod.began_us + duration * WEIGHTS_SHARE_PPM // 1_000_000
            self._kernel.after(duration, self._loaded, (pod, pod.epoch))
            if duration <= limit:
                return
        if pod.state == "loading":
            self._kernel.after(limit, self._too_late, (pod, pod.epoch))

    def _fetched(self, pod: Pod) -> None:
        pod.warm_us = self._kernel.now
        self._kernel.after(self.vary(self._pool.part.warm_up, pod), self._loaded, (pod, pod.epoch))

    def _too_late(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "loading":
            self._journal.emit("warn", "kubelet", pod.node.host, "Container vllm failed startup probe, will be "
                               "restarted", {"pod": pod.id})  # fmt: skip
            self.crash(pod, "vllm: received SIGTERM while loading weights")

    def _loaded(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch != epoch or pod.state != "loading":
            return
        problem = self._start_problem(pod)
        if problem:
            self.crash(pod, problem)
            return
        wait = self._pool.int_knob("readiness_delay")
        if wait:
            self._kernel.after(wait, self._ready, (pod, epoch))
        else:
            self._serve(pod)

    def _ready(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "loading":
            self._serve(pod)

    def _start_problem(self, pod: Pod) -> str:
        """Return what vLLM dies of at the end of its start, empty when all fits."""
        pool = self._pool
        sequences = pod.max_num_seqs()
        if pool.model.preset.sampler_bytes(sequences) > pool.spare_gpu_bytes():
            return ("torch.OutOfMemoryError: CUDA out of memory occurred when warming up sampler with "
                    f"{sequences} dummy requests. Please try lowering `max_num_seqs` or `gpu_memory_utilization` when "
                    "initializing the engine.")  # fmt: skip
        if pool.max_model_len > (pool.kv_blocks - pool.kv_blocks // 100) * BLOCK_TOKENS:
            return (f"ValueError: To serve at least one request with the model's max seq len "
                    f"({pool.max_model_len}), more KV cache is needed than available "
                    f"({pool.kv_blocks * BLOCK_TOKENS} tokens). Try increasing gpu_memory_utilization or "
                    f"decreasing max_model_len")  # fmt: skip
        return ""

    def _serve(self, pod: Pod) -> None:
        now = self._kernel.now
        pod.state = "ready"
        pod.ready_us = now
        pod.boot()
        self._registry.set_up(f"vllm/{pod.id}", True)
        self._journal.emit("info", self._pool.id, pod.id, f"Application startup complete. Loading model weights took "
                           f"{(now - pod.began_us) / 1_000_000:.1f} seconds", {"pod": pod.id})  # fmt: skip
        self._pool.reroute()
        self._pool.gateway.dispatch()
        self._pool.rollout.settled(pod)

    # -- going down -----------------------------------------------------------------------------------------

    def crash(self, pod: Pod, why: str) -> None:
        """The container died: the kubelet starts it again on the same host, after a back-off that doubles."""
        if pod.state in ("pending", "provisioning", "refused", "gone"):
            return
        if pod.state == "draining":  # it was on its way out: to its replacement, or for good
            self._journal.emit("error", self._pool.id, pod.id, why, {"pod": pod.id})
            pod.restarts += 1
            capacity = self._pool.capacity
            if pod in capacity.moving:
                capacity.move(pod)
            elif pod in self._pool.rollout.replacing:
                self._pool.replace(pod)
            else:
                capacity.gone(pod)
            return
        now = self._kernel.now
        if pod.ready_us != NEVER and pod.state == "ready" and now - pod.ready_us >= STEADY_US:
            pod.failures = 0
        self._journal.emit("error", self._pool.id, pod.id, why, {"pod": pod.id})
        pod.restarts += 1
        pod.failures += 1
        self._pool.stop(pod, "crashed")
        wait = min(LONGEST_BACK_OFF_US, BACK_OFF_US << min(pod.failures - 1, 8))
        pod.retry_us = now + wait
        self._journal.emit("warn", "kubelet", pod.node.host, "Back-off restarting failed container vllm in pod "
                           f"{pod.id}: {wait // 1_000_000} s", {"pod": pod.id})  # fmt: skip
        self._kernel.after(wait, self._try_again, (pod, pod.epoch))
        self._pool.rollout.settled(pod)

    def _try_again(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "crashed":
            self.load(pod)

    # -- the token probe ------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Begin to look at the engines' progress, once the pool has a token probe."""
        if self._pool.int_knob("token_probe") and not self._probing:
            self._probing = True
            self._kernel.after(PROBE_PERIOD_US, self._probe, None)

    def _probe(self, _: Call) -> None:
        limit = self._pool.int_knob("token_probe")
        self._probing = limit > 0
        if not limit:
            return
        self._kernel.after(PROBE_PERIOD_US, self._probe, None)
        now = self._kernel.now
        for pod in self._pool.routable:
            engine = pod.engine
            if engine is None:
                continue
            steps = engine.iterations()
            if steps != pod.seen_steps or not engine.running:
                pod.seen_steps, pod.progress_us = steps, now
            elif now - pod.progress_us >= limit:
                self._journal.emit("warn", "kubelet", pod.node.host, "Container vllm failed liveness probe, will be "
                                   "restarted", {"pod": pod.id})  # fmt: skip
                self.crash(pod, "vllm: received SIGTERM, no token for "
                           f"{(now - pod.progress_us) // 1_000_000} s with requests running")  # fmt: skip
