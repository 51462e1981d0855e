"""The GPUs of one pool: its hosts, the quota, pods that come and go, and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from incidentsim.telemetry.registry import Registry
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.hardware.hosts import Hosts
from incidentsim.world.stack.hardware.node import Node
from incidentsim.world.stack.pools.pod import Pod

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool


class Capacity:
    """Hosts, numbered through all pools from `first_node`; at most `hosts` of them. A replica takes a whole host.

    `moving` are pods that are drained off their host, to be placed anew.
    """

    def __init__(
        self, pool: Pool, kernel: Kernel, *, seed: int, registry: Registry, journal: Journal,
        host_of: Callable[[str], str], first_node: int, hosts: int,
    ) -> None:  # fmt: skip
        self.moving: list[Pod] = []
        self.first_node = first_node
        self._pool = pool
        self._kernel = kernel
        self._registry = registry
        self._journal = journal
        self.hosts = Hosts(kernel, pool.part, pool.model.preset, seed=seed, registry=registry, journal=journal,
                           host_of=host_of, first=first_node, count=hosts)  # fmt: skip
        self.hosts.on_schedulable = self._place_waiting
        self._cost_parts = 0
        self._accrued_us = kernel.now

    # -- coming ---------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """The hosts so far."""
        return self.hosts.nodes

    def ensure_node(self, index: int) -> Node:
        """Return the pool's host `index`, made if it is not there yet."""
        return self.hosts.ensure(index)

    def add_pod(self) -> Pod:
        """Return a pod without a GPU, and so without a host."""
        pool, pods = self._pool, self._pool.pods
        index = next((i for i, p in enumerate(pods) if p.state == "gone"), len(pods))
        if index < len(pods):
            pod = pods[index]
            pod.state = "pending"
        else:
            node = self.ensure_node(min(index, self.hosts.count - 1))
            pod = Pod(self._kernel, pool, index, node, self._registry)
            pods.append(pod)
            self._registry.unlist(f"vllm/{pod.id}")
            for name, labels, read in (
                ("kube_pod_container_status_restarts_total", {}, partial(getattr, pod, "restarts")),
                ("kube_pod_container_status_waiting_reason", {"reason": "CrashLoopBackOff"},
                 lambda pod=pod: float(pod.state == "crashed" and not pod.node.down)),
            ):  # fmt: skip
                register = self._registry.counter_from if name.endswith("_total") else self._registry.gauge
                register(name, {"pod": pod.id} | labels, read, target="kube-state-metrics")
        return pod

    def scale_to(self, count: int, *, spare_loading: bool | None) -> None:
        """Add or retire pods until `count` are wanted.

        `spare_loading` says which go when pods are too many: None the newest, whatever they do; False those that
        are not ready before any that is (as a ReplicaSet does); True only such as are up.
        """
        live = [p for p in self._pool.pods if p.state not in ("gone", "draining") or p in self.moving]
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
        """The pod exists: give it a host and its GPUs, or leave it pending."""
        held, quota = len(self.held()), self._pool.part.gpu_quota
        if not self._within_quota():
            self._wait(pod, f"0/{held} nodes are available: Insufficient nvidia.com/gpu, quota {quota} exhausted",
                       f"the quota of {quota} GPUs is used up")  # fmt: skip
        elif (node := self.hosts.find(pod.index)) is None:
            self._wait(pod, self.hosts.shortage(), "no host takes it")
        else:
            node.take(pod)
            self._provision(pod)

    def _within_quota(self) -> bool:
        part = self._pool.part
        return (len(self.held()) + 1) * part.gpus_per_replica <= part.gpu_quota

    def _wait(self, pod: Pod, event: str, why: str) -> None:
        pod.state = "pending"
        self._journal.emit("warn", "kube-scheduler", "control-plane", event, {"pod": pod.id})
        self._pool.on_change("progress", f"{pod.id} is pending: {why}")

    def _place_waiting(self) -> None:
        """GPUs or a host are free: the first pod that waits for them gets them."""
        waiting = next((p for p in self._pool.pods if p.state == "pending"), None)
        if waiting is not None and self._within_quota() and self.hosts.find(waiting.index) is not None:
            self._place(waiting)

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
        self._settle_move(pod)
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
        pod.node.leave(pod)
        self._place_waiting()
        self._pool.rollout.settled(pod)

    def evict(self, pod: Pod) -> None:
        """Take a pod off its host: drained for its grace period if it serves, then placed anew."""
        leaving = pod.state == "draining" and pod not in self._pool.rollout.replacing
        if pod.state in ("pending", "refused", "gone") or leaving or pod in self.moving:
            return
        self._journal.emit("info", "kubelet", pod.node.host, f"evicting pod serving/{pod.id}", {"pod": pod.id})
        if pod.state not in ("ready", "draining"):
            self.move(pod)
            return
        pod.epoch += 1
        pod.state = "draining"
        self._pool.reroute()
        self.moving.append(pod)
        self._pool.rollout.drain_then(pod, self.move)

    def move(self, pod: Pod) -> None:
        """End the pod, give its host back, and have it made again wherever there is room."""
        self._settle_move(pod)
        self._accrue()
        pod.holds_gpu = False
        self._pool.stop(pod, "pending")
        pod.node.leave(pod)
        self._pool.create(pod, self._place)
        if pod.state == "pending":
            self._pool.rollout.settled(pod)
        self._place_waiting()

    def lose(self, pod: Pod) -> None:
        """Nothing is heard of the pod's host any more: its work is lost, and nobody there starts it again."""
        self._pool.stop(pod, "crashed")
        self._pool.rollout.settled(pod)

    def _settle_move(self, pod: Pod) -> None:
        self.moving = [p for p in self.moving if p is not pod]

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
        price = self._price()
        self._cost_parts += len(self.held()) * price * (now - self._accrued_us)
        self._accrued_us = now

    def dollars_per_hour(self) -> float:
        """Price of the GPUs held now."""
        return len(self.held()) * self._price() / 1000

    def _price(self) -> int:
        """Return what a replica's GPUs cost, in thousandths of a dollar per hour."""
        part = self._pool.part
        return part.gpus_per_replica * part.dollars_per_gpu_hour
