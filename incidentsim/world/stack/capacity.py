"""The GPUs of one pool: its hosts, the quota, pods that come and go, and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from incidentsim.telemetry.registry import Registry
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Call, Kernel
from incidentsim.world.stack.node import Node
from incidentsim.world.stack.pod import Pod

if TYPE_CHECKING:
    from incidentsim.world.stack.pool import Pool



class Capacity:
    """Hosts by index; pod i runs on host i. Hosts are numbered through all pools, from `first_node`."""

    def __init__(
        self, pool: Pool, kernel: Kernel, *, seed: int, registry: Registry, journal: Journal,
        host_of: Callable[[str], str], first_node: int,
    ) -> None:  # fmt: skip
        self.nodes: list[Node] = []
        self.first_node = first_node
        self._pool = pool
        self._kernel = kernel
        self._seed = seed
        self._registry = registry
        self._journal = journal
        self._host_of = host_of
        self._cost_parts = 0
        self._accrued_us = kernel.now

    # -- coming ---------------------------------------------------------------------------------------------

    def ensure_node(self, index: int) -> Node:
        """Return the pool's host `index`; one without a pod yet stands idle, so that a fault can hit it."""
        while len(self.nodes) <= index:
            number = self.first_node + len(self.nodes)
            self.nodes.append(Node(number, self._seed, self._registry, self._host_of(f"node-{number}")))
        return self.nodes[index]

    def add_pod(self) -> Pod:
        """Return a pod without a GPU, on the lowest free host."""
        pool, pods = self._pool, self._pool.pods
        index = next((i for i, p in enumerate(pods) if p.state == "gone"), len(pods))
        self.ensure_node(index)
        if index < len(pods):
            pod = pods[index]
            pod.state = "pending"
        else:
            pod = Pod(self._kernel, pool, index, self.nodes[index], self._registry)
            pods.append(pod)
            self._registry.set_up(f"vllm/{pod.id}", False)
            for name, labels, read in (
                ("kube_pod_container_status_restarts_total", {}, partial(getattr, pod, "restarts")),
                ("kube_pod_container_status_waiting_reason", {"reason": "CrashLoopBackOff"},
                 lambda pod=pod: float(pod.state == "crashed")),
            ):  # fmt: skip
                register = self._registry.counter_from if name.endswith("_total") else self._registry.gauge
                register(name, {"pod": pod.id} | labels, read, target="kube-state-metrics")
        pod.node.pod = pod
        return pod

    def scale_to(self, count: int, *, spare_loading: bool | None) -> None:
        """Add or retire pods until `count` are wanted.

        `spare_loading` says which go when pods are too many: None the newest, whatever they do; False those that
        are not ready before any that is (as a ReplicaSet does); True only such as are up.
        """
        live = [p for p in self._pool.pods if p.state not in ("gone", "draining")]
        for _ in range(count - len(live)):
            self._pool.create(self.add_pod(), self._place)
        surplus = len(live) - count
        if surplus <= 0:
            return
        newest_first = live[::-1]
        if spare_loading is False:
            newest_first.sort(key=lambda p: p.state == "ready")
        elif spare_loading:
            newest_first = [p for p in newest_first if p.state not in ("provisioning", "loading")]
        for pod in newest_first[:surplus]:
            self._retire(pod)

    def _place(self, pod: Pod) -> None:
        """The pod exists: give it a GPU, or leave it pending."""
        held, quota = self.held(), self._pool.part.gpu_quota
        if len(held) >= quota:
            pod.state = "pending"
            self._journal.emit("warn", "kube-scheduler", "control-plane",
                               f"0/{len(held)} nodes are available: Insufficient nvidia.com/gpu, quota "
                               f"{quota} exhausted", {"pod": pod.id})  # fmt: skip
            self._pool.on_change("progress", f"{pod.id} is pending: the quota of {quota} GPUs is used up")
        else:
            self._provision(pod)

    def _provision(self, pod: Pod) -> None:
        self._accrue()
        pod.state = "provisioning"
        pod.holds_gpu = True
        pod.epoch += 1
        self._journal.emit("info", "kube-scheduler", "control-plane", "provisioning a GPU node", {"pod": pod.id})
        duration = self._pool.launcher.vary(self._pool.part.provision_time, pod)
        self._kernel.after(duration, self._provisioned, (pod, pod.epoch))

    def _provisioned(self, call: Call) -> None:
        pod, epoch = call.argument
        if pod.epoch == epoch and pod.state == "provisioning":
            self._pool.launcher.load_new(pod)

    # -- going ----------------------------------------------------------------------------------------------

    def _retire(self, pod: Pod) -> None:
        if pod.state == "ready":
            pod.state = "draining"
            pod.epoch += 1
            self._pool.reroute()
            self._pool.rollout.drain_then(pod, self.gone)
        else:
            if pod.state == "loading":
                self._journal.emit("info", "kubelet", pod.node.host, "Killing container vllm: scaled in while loading "
                                   "weights", {"pod": pod.id})  # fmt: skip
            self.gone(pod)

    def gone(self, pod: Pod) -> None:
        """The pod is away: its GPU goes to one that waits for it, or back."""
        self._accrue()
        pod.holds_gpu = False
        self._pool.stop(pod, "gone")
        pod.node.pod = None
        waiting = next((p for p in self._pool.pods if p.state == "pending"), None)
        if waiting is not None and len(self.held()) < self._pool.part.gpu_quota:
            self._provision(waiting)
        self._pool.rollout.settled(pod)

    # -- what it costs --------------------------------------------------------------------------------------

    def held(self) -> list[Pod]:
        """Return the pods that hold a GPU."""
        return [p for p in self._pool.pods if p.holds_gpu]

    def cost_microdollars(self) -> int:
        """Price of all GPUs held so far; reading it changes nothing."""
        self._accrue()
        return self._cost_parts // 3_600_000

    def _accrue(self) -> None:
        """Add the price of the GPUs held since the last call, exactly: called before their number changes."""
        now = self._kernel.now
        price = self._pool.part.dollars_per_gpu_hour
        self._cost_parts += len(self.held()) * price * (now - self._accrued_us)
        self._accrued_us = now

    def dollars_per_hour(self) -> float:
        """Price of the GPUs held now."""
        return len(self.held()) * self._pool.part.dollars_per_gpu_hour / 1000
