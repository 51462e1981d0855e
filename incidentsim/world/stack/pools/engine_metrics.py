"""vLLM's metrics of one pod, under vLLM's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from incidentsim.telemetry.registry import Registry
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pod import Pod


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
        registry.gauge("llm_output_entropy_nats", labels, pod.entropy_nats, target=target)
        for name, read in (
            ("vllm:num_preemptions_total", lambda e: e.preemptions),
            ("vllm:prompt_tokens_total", lambda e: e.prefill_tokens + e.prefix_hits),
            ("vllm:prefix_cache_queries_total", lambda e: e.prefix_queries),
            ("vllm:prefix_cache_hits_total", lambda e: e.prefix_hits),
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
        # max_tokens is reached, or the model's context is full
        cut = attempt.output == attempt.request.max_tokens or attempt.output < attempt.request.output
        reason = "length" if cut else "stop"
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
