"""One pod of a pool: its life cycle around an engine, and the engine's metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from incidentsim.telemetry.registry import Registry
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.node import Node
from incidentsim.world.stack.replica import Replica
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sequence import Sequence

if TYPE_CHECKING:
    from incidentsim.world.stack.pool import Pool

PodState = Literal["pending", "provisioning", "loading", "ready", "draining", "crashed", "gone"]


class Pod:
    """A replica as the cluster sees it.

    States: pending (no GPU) → provisioning → loading (image, weights) → ready → draining → gone; a restart goes
    from any of the later ones back to loading; crashed stays until restarted. Only ready pods are routed to.
    `defects` are what its revision or hardware does to every answer, as in `Attempt.defects`.
    """

    __slots__ = ("_kernel", "_metrics", "_pool", "cordoned", "defects", "engine", "epoch", "hung", "index", "node",
                 "ready_us", "requests", "restarts", "state", "tokens")  # fmt: skip

    def __init__(self, kernel: Kernel, pool: Pool, index: int, node: Node, registry: Registry) -> None:
        self._kernel = kernel
        self._pool = pool
        self.index = index
        self.node = node
        self.state: PodState = "pending"
        self.engine: Replica | None = None
        self.cordoned = self.hung = False
        self.requests = self.tokens = 0
        self.defects: list[int] | None = None
        self.restarts = 0
        self.ready_us = 0
        self.epoch = 0
        self._metrics = EngineMetrics(self, registry)

    @property
    def id(self) -> str:
        """The pod's stable id."""
        return f"{self._pool.id}-{self.index}"

    @property
    def where(self) -> str:
        """The host it stands on, as people see it."""
        return self.node.host if self.node.pod is self else "none yet"

    @property
    def pool(self) -> Pool:
        """The pool it belongs to."""
        return self._pool

    # -- engine ---------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Create a cold engine with the pool's current arguments."""
        pool = self._pool
        self.engine = Replica(
            self._kernel, pool.model, blocks=pool.kv_blocks, max_num_seqs=pool.int_knob("max_num_seqs"),
            budget=pool.int_knob("max_num_batched_tokens"), on_first=self._first, on_finish=self._finish,
        )  # fmt: skip
        self.hung = False
        self._metrics.rebase()
        self.apply_speed()

    def apply_speed(self) -> None:
        """Set the engine's slowdown from the node, the image and the jitter of this moment."""
        if self.engine is not None and not self.hung:
            pool = self._pool
            factor = self.node.slowdown_ppm * pool.image_slowdown_ppm // 1_000_000
            self.engine.set_factor(factor * pool.jitter_ppm(self.index) // 1_000_000)

    def hang(self) -> None:
        """Stop making steps while the process lives: the iteration in progress never ends in our time."""
        self.hung = True
        if self.engine is not None:
            self.engine.set_factor(HANG_FACTOR_PPM)

    def submit(self, attempt: Attempt) -> None:
        """Hand an attempt to the engine."""
        assert self.engine is not None
        self.engine.submit(attempt)

    def cancel(self, attempt: Attempt) -> None:
        """Abort an attempt in the engine."""
        if self.engine is not None:
            self.engine.cancel(attempt)

    def stop(self) -> list[Attempt]:
        """Kill the engine; return the attempts it held."""
        if self.engine is None:
            return []
        lost = self.engine.kill()
        self._metrics.retire()
        self.engine = None
        return [q for q in lost if isinstance(q, Attempt)]

    def _first(self, sequence: Sequence, now: int) -> None:
        assert isinstance(sequence, Attempt)
        self._metrics.first(sequence, now)
        self._pool.gateway.first_token(sequence, now)

    def _finish(self, sequence: Sequence, now: int) -> None:
        assert isinstance(sequence, Attempt)
        self._metrics.finish(sequence, now)
        self._pool.finished(self, sequence, now)

    # -- readings -------------------------------------------------------------------------------------------

    def kv_usage(self) -> float:
        """Share of KV blocks in use, 0 to 1."""
        engine = self.engine
        return engine.used_blocks() / engine.blocks if engine is not None else 0.0

    def preemptions(self) -> int:
        """Preemptions since the pod exists."""
        return self._metrics.preemptions()

    def dyn(self) -> list[object]:
        """Return what defines the pod, for the dyn digest."""
        engine = self.engine
        return [self.state, self.requests, self.tokens, self.restarts, self.epoch, self.cordoned,
                engine.state() if engine is not None else None]  # fmt: skip


HANG_FACTOR_PPM = 10**15
"""Slowdown of a hung engine: one iteration of 20 ms takes eight months."""


class EngineMetrics:
    """vLLM's metrics of one pod. Counters survive an engine restart in the sum, as Prometheus' resets do not.

    The exported counters restart at 0 with the process; `rebase` does that.
    """

    def __init__(self, pod: Pod, registry: Registry) -> None:
        self._pod = pod
        self._total_preemptions = 0
        model = pod.pool.model_name
        labels = {"model_name": model, "engine": pod.id}
        target = self.target = f"vllm/{pod.id}"
        self._registry = registry

        def of_engine(read: Callable[[Replica], float]) -> Callable[[], float]:
            def value() -> float:
                engine = pod.engine
                return read(engine) if engine is not None else 0.0

            return value

        for name, read in (
            ("vllm:num_requests_running", lambda e: e.running), ("vllm:num_requests_waiting", lambda e: e.queued),
            ("vllm:kv_cache_usage_perc", lambda e: e.used_blocks() / e.blocks),
        ):  # fmt: skip
            registry.gauge(name, labels, of_engine(read), target=target)
        for name, read in (
            ("vllm:num_preemptions_total", lambda e: e.preemptions),
            ("vllm:prompt_tokens_total", lambda e: e.prefill_tokens),
            ("vllm:generation_tokens_total", lambda e: e.generated()),
        ):  # fmt: skip
            registry.counter_from(name, labels, of_engine(read), target=target)
        self._success = {
            reason: registry.counter("vllm:request_success_total", {**labels, "finished_reason": reason}, target=target)
            for reason in ("stop", "length")
        }
        self._ttft = registry.histogram("vllm:time_to_first_token_seconds", labels, target=target)
        self._itl = registry.histogram("vllm:inter_token_latency_seconds", labels, target=target)
        self._e2e = registry.histogram("vllm:e2e_request_latency_seconds", labels, target=target)
        self._queue = registry.histogram("vllm:request_queue_time_seconds", labels, target=target)
        self._prompt = registry.histogram("vllm:request_prompt_tokens", labels, target=target)
        self._generated = registry.histogram("vllm:request_generation_tokens", labels, target=target)

    def first(self, attempt: Attempt, now: int) -> None:
        """Observe a first token."""
        self._ttft.observe(now - attempt.arrived_us)
        self._queue.observe(attempt.admitted_us - attempt.arrived_us)

    def finish(self, attempt: Attempt, now: int) -> None:
        """Observe a finished sequence."""
        self._e2e.observe(now - attempt.arrived_us)
        self._prompt.observe(attempt.prompt)
        self._generated.observe(attempt.output)
        if attempt.output > 1:
            self._itl.observe((now - attempt.first_us) // (attempt.output - 1))
        reason = "length" if attempt.output == attempt.request.max_tokens else "stop"
        self._success[reason].value += 1

    def preemptions(self) -> int:
        """Preemptions of this pod over all its engines."""
        engine = self._pod.engine
        return self._total_preemptions + (engine.preemptions if engine is not None else 0)

    def retire(self) -> None:
        """Keep what the ending engine counted."""
        engine = self._pod.engine
        if engine is not None:
            self._total_preemptions += engine.preemptions

    def rebase(self) -> None:
        """Start the exported counters at zero, as a new process does."""
        for counter in self._success.values():
            counter.value = 0
        for histogram in (self._ttft, self._itl, self._e2e, self._queue, self._prompt, self._generated):
            histogram.reset()
