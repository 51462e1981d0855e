"""A GPU host: its cards, who else uses it, and how Kubernetes sees it.

A host carries the GPUs of one replica. They work in lock step: a step ends when the slowest of them has done
its part, and a collective that misses one of them never ends. `hosts.py` decides which pod stands where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.specs.knobs import UNLIMITED
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.hardware.container import ContainerSeries
from incidentsim.world.stack.hardware.gpu import CARDS, FATAL_XIDS, Activity, Card, Gpu

if TYPE_CHECKING:
    from incidentsim.world.stack.engine.step_model import StepPreset
    from incidentsim.world.stack.hardware.cotenant import CoTenant
    from incidentsim.world.stack.pools.pod import Pod

NOT_READY_US: Final = 40_000_000
"""node-monitor-grace-period: silence after which a node is NotReady (kube-controller-manager default)."""

EVICTION_US: Final = 300_000_000
"""tolerationSeconds of not-ready and unreachable that every pod gets (DefaultTolerationSeconds)."""

WATCHDOG_SLACK_US: Final = 90_000
"""PyTorch's watchdog looks every 100 ms, so it reports a few tens of ms after the timeout."""


class Node(Component):
    """One host. `pod` is who has its GPUs.

    `cordoned`: nothing new is placed on it. `down`: it is dead, known to Kubernetes (`not_ready`) only later.
    `neighbour` is a co-tenant that contends with the pod.
    """

    def __init__(
        self, kernel: Kernel, index: int, *, seed: int, registry: Registry, journal: Journal, shown_host: str,
        preset: StepPreset, gpus: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(f"node-{index}")
        self.index = index
        self.host = shown_host
        self.cordoned = self.down = self.not_ready = False
        self.pod: Pod | None = None
        self.neighbour: CoTenant | None = None
        self.on_schedulable: Callable[[], None] = lambda: None
        self.cordon_on_xid = False
        self._cap = self.int_knob("power_cap")
        self._kernel = kernel
        self._registry = registry
        self._journal = journal
        self._preset = preset
        self._stuck: Replica | None = None
        self._outage = 0
        self._linked = self._linked_before = 0
        self._slack = Draws(seed, self.id, "watchdog")
        self._containers: dict[str, ContainerSeries] = {}
        self.target, self.container_target = f"dcgm/{self.id}", f"cadvisor/{self.id}"
        for target in (self.target, self.container_target):
            registry.show(target, shown_host)
        card = CARDS[preset.gpu]
        self.gpus = [Gpu(self, card, i, seed=seed, entity=self.id) for i in range(gpus)]
        for gpu in self.gpus:
            gpu.register(registry, {"Hostname": shown_host}, self.target)
        for name, labels, read in (
            ("kube_node_status_condition", {"node": shown_host, "condition": "Ready", "status": "true"},
             lambda: float(not self.not_ready)),
            ("kube_node_spec_unschedulable", {"node": shown_host}, lambda: float(self.cordoned)),
        ):  # fmt: skip
            registry.gauge(name, labels, read, target="kube-state-metrics")

    # -- settings and state ---------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """Scenario time."""
        return self._kernel.now

    @property
    def slowdown_ppm(self) -> int:
        """Factor on step times: that of the slowest GPU, times contention."""
        slowest = max(gpu.slowdown_ppm for gpu in self.gpus)
        if self.neighbour is not None:
            return slowest * self.neighbour.factor_ppm(self._kernel.now) // 1_000_000
        return slowest

    @property
    def schedulable(self) -> bool:
        """Whether the scheduler places pods here. It knows nothing of a GPU's health."""
        return not (self.cordoned or self.not_ready)

    @property
    def out_of_service(self) -> bool:
        """Whether nothing runs here and nothing will: the hardware team can have it."""
        return self.pod is None and not self.schedulable

    def refuses(self) -> str:
        """Return why an engine can't start here, in the words it dies with; empty when it can."""
        lost = sum(gpu.lost for gpu in self.gpus)  # exact: ints
        if self.down:
            return "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded"
        if lost == len(self.gpus):
            return "RuntimeError: CUDA error: no CUDA-capable device is detected"
        if lost:
            return f"ValueError: World size ({len(self.gpus)}) is larger than the number of available GPUs " \
                   f"({len(self.gpus) - lost}) in this node"  # fmt: skip
        return ""

    def changed(self, name: str) -> None:
        """Take a new power cap."""
        self._cap = self.int_knob("power_cap")
        self.apply_speed()

    def apply_speed(self) -> None:
        """Tell the engine how fast the host is now."""
        if self.pod is not None:
            self.pod.apply_speed()

    def status(self) -> list[str]:
        """Return what kubectl and nvidia-smi would show."""
        pod = self.pod.id if self.pod is not None else "none"
        ready = "NotReady" if self.not_ready else "Ready"
        lines = [f"status: {ready}{',SchedulingDisabled' if self.cordoned else ''}", f"pod: {pod}"]
        for gpu in self.gpus:
            name = f"GPU {gpu.index}: " if len(self.gpus) > 1 else ""
            if self.down:
                lines.append(f"{name}no answer from the host")
            elif gpu.lost:
                lines.append(f"{name}Unable to determine the device handle: GPU is lost. Last XID: {gpu.xid}")
            else:
                rows = f", remapped rows: {gpu.remapped_rows}" if gpu.remapped_rows else ""
                lines += [
                    f"{name}SM clock {gpu.clock_mhz:.0f} MHz (max {gpu.card.sm_mhz})",
                    f"{name}power limit {self.cap_w(gpu.card)} W, last XID: {gpu.xid or 'none'}{rows}",
                ]
        if self.neighbour is not None and self.neighbour.strength_ppm:
            lines.append(f"other pods on the host: {self.neighbour.pod}")
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Hosts are edges of their replicas."""
        return None

    def state(self) -> list[object]:
        """Return what defines the node."""
        neighbour = self.neighbour.state() if self.neighbour is not None else None
        return [self._cap, self.cordoned, self.down, self.not_ready, self._stuck is not None, neighbour,
                [gpu.state() for gpu in self.gpus]]  # fmt: skip

    # -- what its GPUs ask ----------------------------------------------------------------------------------

    def cap_w(self, card: Card) -> int:
        """Return the power limit in force: the card's own, or less."""
        return card.limit_w if self._cap == UNLIMITED else min(self._cap, card.limit_w)

    def activity(self) -> Activity:
        """Return what the GPUs do now. An engine that hangs on the host's side leaves them idle."""
        pod = self.pod
        if pod is None:
            return "idle"
        engine = pod.engine
        if engine is None:
            return "loading" if pod.state == "loading" else "idle"
        if pod.hung:
            return "spinning" if engine is self._stuck else "idle"
        return "computing" if engine.busy else "idle"

    def memory_mib(self) -> int:
        """Return the memory in use on each card."""
        return self.pod.memory_mib() if self.pod is not None else 0

    def link_bytes(self) -> int:
        """Return the NVLink traffic of each GPU: all-reduces for every token of the engines seen here."""
        if len(self.gpus) == 1:
            return 0
        engine = self.pod.engine if self.pod is not None else None
        tokens = engine.prefill_tokens + engine.generated() if engine is not None else 0
        if tokens < self._linked:
            self._linked_before += self._linked
        self._linked = tokens
        return (self._linked_before + tokens) * self._preset.link_bytes

    # -- pods come and go -----------------------------------------------------------------------------------

    def take(self, pod: Pod) -> None:
        """Give the GPUs to a pod."""
        self.pod = pod
        pod.node = self
        if pod.id not in self._containers:
            self._containers[pod.id] = ContainerSeries(self._registry, self, pod)

    def leave(self, pod: Pod) -> None:
        """The pod is gone from here."""
        if self.pod is pod:
            self.pod = None

    def cordon(self, on: bool) -> None:
        """Keep new pods away, or let them come again."""
        if self.cordoned != on:
            self.cordoned = on
            status = "NodeNotSchedulable" if on else "NodeSchedulable"
            self._journal.emit("info", "kubelet", self.id, f"Node {self.host} status is now: {status}", {})
            if not on:
                self.on_schedulable()

    # -- what breaks ----------------------------------------------------------------------------------------

    def xid(self, gpu: Gpu, code: int, text: str) -> None:
        """The driver reports an error of a GPU: kernel log, sticky gauge, and the node problem detector if told so."""
        gpu.xid = code
        self._journal.emit("error", "kernel", self.id, f"NVRM: Xid ({gpu.bus}): {code}, {text}", {})
        if code in FATAL_XIDS and self.cordon_on_xid and not self.cordoned:
            self._journal.emit("warn", "node-problem-detector", self.id,
                               f"Node condition GPUHealthy is now: False, reason: Xid{code}; cordoning and draining",
                               {})  # fmt: skip
            self.cordon(True)
            if self.pod is not None:
                self.pod.pool.evict(self.pod)

    def stall(self, rank: int) -> None:
        """A rank no longer takes part: the others wait in their collective until the watchdog ends the process."""
        pod = self.pod
        if pod is None or pod.engine is None:
            return
        pod.hang()
        self._stuck = pod.engine
        timeout = pod.pool.part.collective_timeout
        slack = self._slack.below(pod.epoch, WATCHDOG_SLACK_US)
        self._kernel.after(timeout + slack, self._watchdog, (pod, pod.engine, rank, slack))

    def _watchdog(self, call: Call) -> None:
        pod, engine, rank, slack = call.argument
        if pod.engine is not engine or not pod.hung:
            return
        self._stuck = None
        timeout = pod.pool.part.collective_timeout
        others = [gpu.index for gpu in self.gpus if gpu.index != rank] or [rank]
        for other in others:
            self._journal.emit(
                "error", pod.pool.id, pod.id,
                f"[Rank {other}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={engine.iterations()}, "
                f"OpType=ALLREDUCE, Timeout(ms)={timeout // 1000}) ran for {(timeout + slack) // 1000} milliseconds "
                "before timing out. To avoid data inconsistency, we are taking the entire process down.",
                {"pod": pod.id},
            )  # fmt: skip
        pod.pool.crash(pod, "RuntimeError: Worker proc VllmWorker died unexpectedly, shutting down executor.")

    def fail(self) -> None:
        """The host dies: no process on it answers any more, and Kubernetes finds out by its silence."""
        self.down = True
        self._outage += 1
        self._answer(False)
        if self.pod is not None:
            self.pod.hang()
            self._registry.set_up(f"vllm/{self.pod.id}", False)
        self._kernel.after(NOT_READY_US, self._missed, self._outage)

    def recover(self) -> None:
        """The host is back after a reboot: its pod starts from nothing."""
        if not self.down:
            return
        self.down = self.not_ready = False
        self._outage += 1
        self._answer(True)
        self._journal.emit("info", "kubelet", self.id, f"Node {self.host} status is now: NodeReady", {})
        if self.pod is not None:
            self.pod.pool.restart(self.pod, "node was rebooted")
        self.on_schedulable()

    def _answer(self, up: bool) -> None:
        """Say whether scrapes of what runs on every host succeed."""
        for target in (self.target, self.container_target):
            self._registry.set_up(target, up)

    def _missed(self, call: Call) -> None:
        if call.argument != self._outage:
            return
        self.not_ready = True
        self._journal.emit("warn", "kube-controller-manager", "control-plane",
                           f"Event occurred: NodeNotReady: Node {self.host} status is now: NodeNotReady, "
                           "kubelet stopped posting node status", {"node": self.host})  # fmt: skip
        if self.pod is not None:
            self.pod.pool.capacity.lose(self.pod)
        self._kernel.after(EVICTION_US, self._evict, self._outage)

    def _evict(self, call: Call) -> None:
        if call.argument == self._outage and self.pod is not None:
            self._journal.emit("warn", "kube-controller-manager", "control-plane",
                               f"TaintManagerEviction: deleting pod serving/{self.pod.id}, node {self.host} is "
                               "unreachable", {"pod": self.pod.id})  # fmt: skip
            self.pod.pool.evict(self.pod)
