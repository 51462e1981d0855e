"""A pool of replicas of one model: pods coming and going, rolling changes, capacity and its price."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from incidentsim.exact import Draws
from incidentsim.scenario.parts import PoolPart
from incidentsim.specs.components import POOL
from incidentsim.specs.knobs import KnobValue, format_value
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Call, Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.hosts import Hosts
from incidentsim.world.stack.node import Node
from incidentsim.world.stack.pod import Pod
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.step_model import BLOCK_TOKENS, PRESETS, StepModel

if TYPE_CHECKING:
    from incidentsim.world.stack.gateway import Gateway

JITTER_WINDOW_US = 5_000_000
"""Step times wobble by a factor that is constant in each window of scenario time (world.md §2)."""

JITTER_SPREAD_PPM = 20_000
"""Half width of that wobble: ±2 %, the fit error of the step model."""

DRAIN_GRACE_US = 30_000_000
"""terminationGracePeriodSeconds: longest wait for work in flight when a pod is replaced (Kubernetes default)."""

RESTART_US = 10_000_000
"""Time until the kubelet starts a container again that has ended (its first back-off)."""

LOAD_SPREAD_PPM = 150_000
"""Half width of the load time's variation: ±15 %."""


class Pool(Component):
    """Pods by index, each on a host of its own. `routable` is what the router may choose from, in order.

    `first_node` is the number of its first host, `hosts` how many it may have; hosts are numbered through all pools.
    """

    gateway: Gateway

    def __init__(
        self, kernel: Kernel, part: PoolPart, *, seed: int, registry: Registry, journal: Journal,
        host_of: Callable[[str], str], first_node: int = 0, hosts: int = 64,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.model_name = part.model_name
        self.image = part.image
        self.image_slowdown_ppm = 1_000_000
        self.model = StepModel(PRESETS[part.step_model])
        self.pods: list[Pod] = []
        self.routable: tuple[Pod, ...] = ()
        self._kernel = kernel
        self.part = part
        self.first_node = first_node
        self._registry = registry
        self._journal = journal
        self.hosts = Hosts(kernel, part, self.model.preset, seed=seed, registry=registry, journal=journal,
                           host_of=host_of, first=first_node, count=hosts)  # fmt: skip
        self.hosts.on_schedulable = self._schedule_waiting
        self._load_draws = Draws(seed, part.id, "load")
        self._jitter = [Draws(seed, f"{part.id}-{i}", "jitter") for i in range(64)]
        self._window = 0
        self._rolling: list[Pod] = []
        self._replacing: list[Pod] = []
        self._moving: list[Pod] = []
        self._cost_parts = 0
        self._accrued_us = kernel.now
        self.on_change: Callable[[str, str], None] = lambda stage, text: None
        label = {"name": part.id}
        for name, read in (
            ("inference_pool_average_kv_cache_utilization", self._mean_kv),
            ("inference_pool_average_queue_size", self._mean_queue),
            ("inference_pool_ready_pods", lambda: float(len(self.routable))),
        ):
            registry.gauge(name, label, read, target="epp")
        registry.gauge("gpu_cost_dollars_per_hour", {"pool": part.id}, self.dollars_per_hour, target="billing")

    # -- settings -------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """Its hosts so far."""
        return self.hosts.nodes

    @property
    def max_model_len(self) -> int:
        """Longest prompt plus output."""
        return self.int_knob("max_model_len")

    @property
    def kv_blocks(self) -> int:
        """KV blocks of one engine with the present memory share."""
        return self.model.preset.blocks_at(self.int_knob("gpu_memory_utilization"))

    def start(self) -> None:
        """Bring up the initial pods, warm and ready, before the world's first event."""
        for _ in range(self.int_knob("replicas")):
            pod = self._add_pod()
            self.ensure_node(pod.index).take(pod)
            pod.state = "ready"
            pod.boot()
            self._registry.set_up(f"vllm/{pod.id}", True)
        self._reroute()
        self._kernel.after(JITTER_WINDOW_US, self._next_window, None)

    def knob_names(self) -> tuple[str, ...]:
        """Return the names of its knobs."""
        return tuple(self._knobs)

    def init_knob(self, name: str, value: KnobValue) -> None:
        """Set a knob before the start: nothing rolls."""
        self._knobs[name] = value
        if name == "cordon_on_xid":
            self.hosts.watch_xids(bool(value))

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting: `replicas` scales, everything else is an engine argument and rolls the pods."""
        if self._knobs[name] == value:
            return
        self._knobs[name] = value
        if name == "replicas":
            self.scale_to(int(value))
        elif name == "cordon_on_xid":
            self.hosts.watch_xids(bool(value))
        else:
            self.roll(f"{name}={format_value(POOL.knob(name), value)}")  # type: ignore[arg-type]

    def status(self) -> list[str]:
        """Return what runs, and the pods."""
        lines = [f"image = {self.image}", f"kv cache = {self.kv_blocks} blocks of {BLOCK_TOKENS} tokens per replica",
                 f"GPU quota = {self.part.gpu_quota}"]  # fmt: skip
        if self.part.region:
            lines.append(f"region = {self.part.region}")
        for pod in self.pods:
            if pod.state != "gone":
                lines.append(f"{pod.id}: {pod.state}, {pod.requests} in flight, restarts {pod.restarts}, "
                             f"node {pod.where}")  # fmt: skip
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how many replicas are ready."""
        ready, wanted = len(self.routable), self.int_knob("replicas")
        return ComponentState(name=self.id, kind=self.kind, summary=f"{ready}/{wanted} ready",
                              health="ok" if ready >= wanted else "warn" if ready * 2 > wanted else "bad",
                              edges=tuple((p.id, f"{p.requests} in flight") for p in self.members))  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the pool."""
        return [*super().state(), self.image_slowdown_ppm, self.image, [p.dyn() for p in self.pods],
                [p.node.index for p in self.pods], len(self._rolling), len(self._replacing)]  # fmt: skip

    # -- capacity -------------------------------------------------------------------------------------------

    def scale_to(self, count: int) -> None:
        """Add or retire pods until `count` are wanted."""
        self._knobs["replicas"] = count
        live = [p for p in self.pods if p.state not in ("gone", "draining") or p in self._moving]
        for _ in range(count - len(live)):
            self._schedule(self._add_pod())
        for pod in reversed(live[count:]):
            self._retire(pod)

    def _schedule(self, pod: Pod) -> None:
        """Give a pending pod a host and its GPUs, or leave it pending."""
        held, quota = len(self._held()), self.part.gpu_quota
        node = None
        if (held + 1) * self.part.gpus_per_replica > quota:
            self._unschedulable(pod, f"0/{held} nodes are available: Insufficient nvidia.com/gpu, quota "
                                f"{quota} exhausted", f"the quota of {quota} GPUs is used up")  # fmt: skip
        elif (node := self.hosts.find(pod.index)) is None:
            self._unschedulable(pod, self.hosts.shortage(), "no host takes it")
        else:
            node.take(pod)
            self._provision(pod)

    def _unschedulable(self, pod: Pod, event: str, why: str) -> None:
        self._journal.emit("warn", "kube-scheduler", "control-plane", event, {"pod": pod.id})
        self.on_change("progress", f"{pod.id} is pending: {why}")

    def _schedule_waiting(self) -> None:
        """A GPU or a host is free: the first pending pod that fits gets it."""
        waiting = next((p for p in self.pods if p.state == "pending"), None)
        room = (len(self._held()) + 1) * self.part.gpus_per_replica <= self.part.gpu_quota
        if waiting is not None and room and self.hosts.find(waiting.index) is not None:
            self._schedule(waiting)

    def _provision(self, pod: Pod) -> None:
        self._accrue()
        pod.state = "provisioning"
        pod.epoch += 1
        self._journal.emit("info", "kube-scheduler", "control-plane", "provisioning a GPU node", {"pod": pod.id})
        self._kernel.after(self._vary(self.part.provision_time, pod), self._provisioned, (pod, pod.epoch))

    def _provisioned(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "provisioning":
            self._load(pod)

    def _retire(self, pod: Pod) -> None:
        self._moving = [p for p in self._moving if p is not pod]
        if pod.state == "ready":
            pod.state = "draining"
            pod.epoch += 1
            self._reroute()
            self._drain_then(pod, self._gone)
        else:
            self._gone(pod)

    def _gone(self, pod: Pod) -> None:
        self._accrue()
        self._stop(pod, "gone")
        pod.node.leave(pod)
        self._schedule_waiting()
        self._settled(pod)

    def ensure_node(self, index: int) -> Node:
        """Return the pool's host `index`, made if it is not there yet."""
        return self.hosts.ensure(index)

    def _add_pod(self) -> Pod:
        index = next((i for i, p in enumerate(self.pods) if p.state == "gone"), len(self.pods))
        if index < len(self.pods):
            pod = self.pods[index]
            pod.state = "pending"
        else:
            node = self.ensure_node(min(index, self.hosts.count - 1))
            pod = Pod(self._kernel, self, index, node, self._registry)
            self.pods.append(pod)
            self._registry.set_up(f"vllm/{pod.id}", False)
            self._registry.counter_from("kube_pod_container_status_restarts_total", {"pod": pod.id},
                                        partial(getattr, pod, "restarts"), target="kube-state-metrics")  # fmt: skip
        return pod

    # -- restarts, rolling changes, draining ----------------------------------------------------------------

    def restart(self, pod: Pod, why: str) -> None:
        """Kill the pod's engine at once and load again: work in flight is lost."""
        if pod.state in ("pending", "provisioning", "gone"):
            return
        pod.restarts += 1
        self._journal.emit("warn", "kubelet", pod.node.host, f"Killing container vllm: {why}", {"pod": pod.id})
        self._stop(pod, "loading")
        self._load(pod)

    def crash(self, pod: Pod, why: str) -> None:
        """The engine died; the pod stays down until its node is well or it is restarted."""
        if pod.state in ("pending", "provisioning", "gone"):
            return
        self._journal.emit("error", self.id, pod.id, why, {"pod": pod.id})
        pod.restarts += 1
        self._stop(pod, "crashed")
        self._settled(pod)

    def exit(self, pod: Pod, why: str) -> None:
        """The container ended; the kubelet starts it again where it is."""
        self.crash(pod, why)
        if pod.state == "crashed":
            self._kernel.after(RESTART_US, self._start_again, (pod, pod.epoch))

    def _start_again(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "crashed":
            self._load(pod)

    def evict(self, pod: Pod) -> None:
        """Take a pod off its host, drained for its grace period, and place it anew."""
        if pod.state in ("pending", "gone") or (pod.state == "draining" and pod not in self._replacing):
            return
        pod.epoch += 1
        if pod.state == "ready":
            pod.state = "draining"
            self._reroute()
        self._journal.emit("info", "kubelet", pod.node.host, f"evicting pod serving/{pod.id}", {"pod": pod.id})
        if pod.state == "draining":
            self._moving.append(pod)
            self._drain_then(pod, self._move)
        else:
            self._move(pod)

    def _move(self, pod: Pod) -> None:
        self._accrue()
        self._moving = [p for p in self._moving if p is not pod]
        self._stop(pod, "pending")
        self._registry.set_up(f"vllm/{pod.id}", False)
        pod.node.leave(pod)
        self._schedule(pod)
        if pod.state == "pending":
            self._settled(pod)
        self._schedule_waiting()

    def roll(self, why: str) -> None:
        """Replace all live pods a few at a time, draining each for its grace period."""
        # a pod that an earlier change is draining comes back with these settings too; one that drains because
        # it is retired must not come back
        self._replacing = [p for p in self._replacing if p.state == "draining"]
        self._rolling = [p for p in self.pods if p.state in ("ready", "loading", "crashed")]
        self._rolling.sort(key=_is_ready)  # those that are down first, as a Deployment does
        self._journal.emit("info", "kube-controller-manager", "control-plane",
                           f"Scaled up replica set {self.id}: rolling update, {why}", {})  # fmt: skip
        self._roll_next()

    def _roll_next(self) -> None:
        while self._rolling and len(self._replacing) < self.part.roll_parallel:
            pod = self._rolling.pop(0)
            if pod.state == "gone":
                continue
            self._replacing.append(pod)
            pod.epoch += 1
            if pod.state == "ready":
                pod.state = "draining"
                self._reroute()
                self._drain_then(pod, self._replace)
            else:
                self._replace(pod)

    def _replace(self, pod: Pod) -> None:
        if pod.node.schedulable:
            self._stop(pod, "loading")
            self._load(pod)
        else:
            self._move(pod)

    def _settled(self, pod: Pod) -> None:
        """The pod is up, down or away: when a rolling change was replacing it, the next one's turn comes."""
        if pod in self._replacing:
            self._replacing.remove(pod)
            self._roll_next()
            if not self._rolling and not self._replacing:
                self.on_change("done", f"all pods of {self.id} are replaced")

    def drain(self, pod: Pod) -> None:
        """Stop routing to the pod; its work goes on, and it stays until told otherwise."""
        pod.cordoned = True
        self._reroute()

    def uncordon(self, pod: Pod) -> None:
        """Route to the pod again."""
        pod.cordoned = False
        self._reroute()
        self.gateway.dispatch()

    def _drain_then(self, pod: Pod, then: Callable[[Pod], None]) -> None:
        epoch = pod.epoch

        def check(call: Call) -> None:
            if pod.epoch != epoch or pod.state != "draining":
                return
            if pod.requests == 0 or self._kernel.now >= call.argument:
                then(pod)
            else:
                self._kernel.after(1_000_000, check, call.argument)

        self._kernel.after(0, check, self._kernel.now + DRAIN_GRACE_US)

    def _load(self, pod: Pod) -> None:
        pod.state = "loading"
        pod.epoch += 1
        self._registry.set_up(f"vllm/{pod.id}", False)
        refused = pod.node.refuses()
        if refused:
            self.crash(pod, refused)
            return
        duration = self._vary(self.part.load_time, pod)
        self._kernel.after(duration, self._loaded, (pod, pod.epoch, duration))

    def _loaded(self, call: Call) -> None:
        pod, epoch, duration = call.argument
        if pod.epoch != epoch or pod.state != "loading":
            return
        if self.max_model_len > (self.kv_blocks - self.kv_blocks // 100) * BLOCK_TOKENS:
            self.crash(pod, f"ValueError: To serve at least one request with the model's max seq len "
                            f"({self.max_model_len}), more KV cache is needed than available "
                            f"({self.kv_blocks * BLOCK_TOKENS} tokens). Try increasing gpu_memory_utilization or "
                            f"decreasing max_model_len")  # fmt: skip
        else:
            pod.state = "ready"
            pod.ready_us = self._kernel.now
            pod.boot()
            self._registry.set_up(f"vllm/{pod.id}", True)
            self._journal.emit("info", self.id, pod.id, f"Application startup complete. Loading model weights took "
                               f"{duration / 1_000_000:.1f} seconds", {"pod": pod.id})  # fmt: skip
            self._reroute()
            self.gateway.dispatch()
            self._settled(pod)

    def _stop(self, pod: Pod, state: str) -> None:
        pod.state = state  # type: ignore[assignment]
        pod.epoch += 1
        lost = pod.stop()
        self._reroute()
        if state in ("crashed", "gone"):
            self._registry.set_up(f"vllm/{pod.id}", False)
        self.gateway.lost(lost)

    def _reroute(self) -> None:
        self.routable = tuple(p for p in self.pods if p.state == "ready" and not p.cordoned)

    def finished(self, pod: Pod, attempt: Attempt, now: int) -> None:
        """An engine finished an attempt."""
        self.gateway.finished(attempt, now)

    def _vary(self, duration_us: int, pod: Pod) -> int:
        draw = self._load_draws.below(pod.index * 4096 + pod.epoch, 2 * LOAD_SPREAD_PPM + 1) - LOAD_SPREAD_PPM
        return duration_us + duration_us * draw // 1_000_000

    # -- jitter, price, readings ----------------------------------------------------------------------------

    def jitter_ppm(self, index: int) -> int:
        """Return the wobble of pod `index` in the present window."""
        spread = JITTER_SPREAD_PPM
        return 1_000_000 - spread + self._jitter[index].below(self._window, 2 * spread + 1)

    def _next_window(self, _: Call) -> None:
        self._window += 1
        for pod in self.routable:
            pod.apply_speed()
        self._kernel.after(JITTER_WINDOW_US, self._next_window, None)

    def cost_microdollars(self) -> int:
        """Price of all GPUs held so far; reading it changes nothing."""
        self._accrue()
        return self._cost_parts // 3_600_000

    def _accrue(self) -> None:
        """Add the price of the GPUs held since the last call, exactly: called before their number changes."""
        now = self._kernel.now
        gpus = len(self._held()) * self.part.gpus_per_replica
        self._cost_parts += gpus * self.part.dollars_per_gpu_hour * (now - self._accrued_us)
        self._accrued_us = now

    @property
    def members(self) -> list[Pod]:
        """Pods that the cluster knows, wanted ones without a GPU included."""
        return [p for p in self.pods if p.state != "gone"]

    def _held(self) -> list[Pod]:
        return [p for p in self.pods if p.state not in ("pending", "gone")]

    def dollars_per_hour(self) -> float:
        """Price of the GPUs held now."""
        return len(self._held()) * self.part.gpus_per_replica * self.part.dollars_per_gpu_hour / 1000

    def _mean_kv(self) -> float:
        ready = self.routable
        total = 0.0
        for pod in ready:
            total += pod.kv_usage()
        return total / len(ready) if ready else float("nan")

    def _mean_queue(self) -> float:
        ready = self.routable
        total = 0
        for pod in ready:
            total += pod.engine.queued if pod.engine is not None else 0
        return total / len(ready) if ready else float("nan")


def _is_ready(pod: Pod) -> bool:
    return pod.state == "ready"
