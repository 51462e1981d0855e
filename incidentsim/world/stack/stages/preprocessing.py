"""Preprocessing workers: CPU time per request, memory that grows when something leaks, and the kernel that kills.

Requests are served by any free worker in turn. A worker over its memory limit is killed: the request it holds is lost,
and it is back after a restart. Recycling takes a worker out gracefully before that, one at a time. The workers share a
host: when together they use more than it has, the kubelet evicts the largest, and the host takes no pod for a while.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import PreprocessingPart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.stages.station import Station

_ONE: Final = 1_000_000
_KIB_PER_MIB: Final = 1_024

POISON_KIB: Final = 4_096 * _KIB_PER_MIB
"""Memory that a poison input takes while it is parsed: 4 GiB, a decompression or regular-expression bomb."""

EVICTION_HOLD_US: Final = 300_000_000
"""How long a host that was short of memory takes no pods: the kubelet's `eviction-pressure-transition-period`."""


class _Worker:
    """One worker process. `memory` in KiB. States: up, down (killed, restarting), recycling, evicted."""

    __slots__ = ("memory", "restarts", "state")

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.state = "up"
        self.restarts = 0


class Preprocessing(Component):
    """`leak_kib` is what each request leaves behind; `poison_ppm` the share of inputs that explode."""

    def __init__(
        self, part: PreprocessingPart, *, kernel: Kernel, gateway: Gateway, registry: Registry, journal: Journal,
        seed: int,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.leak_kib = self.poison_ppm = 0
        self._part = part
        self._kernel = kernel
        self._gateway = gateway
        self._registry = registry
        self._journal = journal
        self._pace = Draws(seed, part.id, "pace")
        self._poison = Draws(seed, part.id, "poison")
        self._workers: list[_Worker] = []
        self._turn = 0
        self._station = Station(kernel, 0, 5_000)
        self._latency = registry.histogram("preprocessing_duration_seconds", {}, target="preprocessing")
        registry.gauge("preprocessing_queue_depth", {}, lambda: float(self._station.queued), target="preprocessing")
        self._scale(self.int_knob("workers"))
        self._take_settings()

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new setting."""
        if name == "workers":
            self._scale(self.int_knob(name))
        self._take_settings()

    def _take_settings(self) -> None:
        """Note what every request asks for; memory in KiB."""
        self._input_cap = self.int_knob("input_cap")
        self._memory_limit = self.int_knob("memory_limit") * _KIB_PER_MIB
        self._recycle_at = self.int_knob("recycle_at")

    def set_speed(self, factor_ppm: int) -> None:
        """Make requests take `factor_ppm` / 10^6 of their CPU time."""
        self._station.set_factor_ppm(factor_ppm)

    def up(self) -> int:
        """Return how many workers serve."""
        return sum(w.state == "up" for w in self._workers)  # exact: ints

    def status(self) -> list[str]:
        """Return the workers."""
        lines = [f"queued: {self._station.queued}"]
        for i, worker in enumerate(self._workers):
            memory = worker.memory // _KIB_PER_MIB
            lines.append(f"{self.id}-{i}: {worker.state}, {memory} MiB, restarts {worker.restarts}")
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how many workers are up."""
        up, wanted = self.up(), len(self._workers)
        return ComponentState(name=self.id, kind=self.kind, summary=f"{up}/{wanted} up, {self._station.queued} queued",
                              health="ok" if up == wanted else "warn" if up * 2 >= wanted else "bad",
                              edges=(("router", ""),))  # fmt: skip

    def held(self) -> int:
        """Return who is prepared, or waits for it."""
        return self._station.busy + self._station.queued

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.leak_kib, self.poison_ppm, self._turn, self._station.state(),
                [[w.memory, w.state, w.restarts] for w in self._workers]]  # fmt: skip

    # -- requests -------------------------------------------------------------------------------------------

    def enter(self, attempt: Attempt) -> None:
        """Prepare a request."""
        if attempt.prompt > self._input_cap:
            self._gateway.failed(attempt, 413, "input too large", final=True)
            return
        part = self._part
        key = attempt.request.index << 6 | attempt.request.tenant.number
        service = part.service_time + attempt.prompt * part.per_1k_tokens // 1_000
        service = service * (800_000 + self._pace.below(key, 400_001)) // _ONE
        if not self._station.submit(attempt, service, self._done):
            self._gateway.failed(attempt, 503, "preprocessing queue full")

    def leave(self, attempt: Attempt) -> None:
        """Forget a request whose client hung up."""
        self._station.cancel(attempt)

    def _done(self, attempt: Attempt, now: int) -> None:
        self._latency.observe(now - attempt.entered_us)
        if attempt.marks is not None:
            attempt.marks.append((self.id, attempt.entered_us, now))
        worker = self._next_worker()
        key = attempt.request.index << 6 | attempt.request.tenant.number
        poison = self.poison_ppm and self._poison.below(key, _ONE) < self.poison_ppm
        if worker is not None:
            worker.memory += POISON_KIB if poison else self.leak_kib
            if worker.memory > self._memory_limit:
                self._kill(worker)
                self._gateway.failed(attempt, 502, "preprocessing worker exited with code 137")
                return
            if self._evicts(worker):
                self._gateway.failed(attempt, 502, "preprocessing worker evicted")
                return
            self._maybe_recycle(worker)
        self._gateway.passed(attempt)

    # -- workers --------------------------------------------------------------------------------------------

    def _scale(self, count: int) -> None:
        while len(self._workers) < count:
            number = len(self._workers)
            worker = _Worker(self._part.base_memory * _KIB_PER_MIB)
            self._workers.append(worker)
            pod = f"{self.id}-{number}"
            self._registry.gauge("container_memory_working_set_bytes", {"pod": pod},
                                 lambda worker=worker: float(worker.memory * 1_024), target="kubelet")  # type: ignore[misc]  # fmt: skip
            self._registry.counter_from("kube_pod_container_status_restarts_total", {"pod": pod},
                                        lambda worker=worker: float(worker.restarts), target="kube-state-metrics")  # type: ignore[misc]  # fmt: skip
        del self._workers[count:]
        self._station.set_servers(self.up())

    def _next_worker(self) -> _Worker | None:
        count = len(self._workers)
        for _ in range(count):
            self._turn += 1
            worker = self._workers[self._turn % count]
            if worker.state == "up":
                return worker
        return None

    def _kill(self, worker: _Worker) -> None:
        number = self._workers.index(worker)
        self._journal.emit("error", "kernel", f"{self.id}-{number}",
                           f"Memory cgroup out of memory: Killed process (preprocess) anon-rss:{worker.memory}kB",
                           {"pod": f"{self.id}-{number}"})  # fmt: skip
        self._out(worker, "down", self._part.restart_time)
        worker.restarts += 1

    def _evicts(self, worker: _Worker) -> bool:
        """Evict the largest worker when the host has no memory left; return whether it was this one."""
        host = self._part.host_memory * _KIB_PER_MIB
        if not host:
            return False
        serving = [w for w in self._workers if w.state == "up"]
        if sum(w.memory for w in serving) <= host:  # exact: ints
            return False
        largest = max(serving, key=lambda w: w.memory)
        pod = f"{self.id}-{self._workers.index(largest)}"
        self._journal.emit("error", "kubelet", pod,
                           f"Evicted: The node was low on resource: memory. Container preprocess was using "
                           f"{largest.memory}Ki", {"pod": pod})  # fmt: skip
        self._out(largest, "evicted", EVICTION_HOLD_US)
        return largest is worker

    def _maybe_recycle(self, worker: _Worker) -> None:
        share = self._recycle_at
        if worker.state != "up" or share >= _ONE or worker.memory * _ONE < share * self._memory_limit:
            return
        if all(w.state != "recycling" for w in self._workers):
            self._journal.emit("info", self.id, f"{self.id}-{self._workers.index(worker)}",
                               "worker recycled: memory above recycle_at", {})  # fmt: skip
            self._out(worker, "recycling", self._part.recycle_time)

    def _out(self, worker: _Worker, state: str, for_us: int) -> None:
        worker.state = state
        self._station.set_servers(self.up())
        self._kernel.after(for_us, self._back, worker)

    def _back(self, call: Call) -> None:
        worker: _Worker = call.argument
        if worker in self._workers:
            worker.state = "up"
            worker.memory = self._part.base_memory * _KIB_PER_MIB
            self._station.set_servers(self.up())
