"""The hosts of a pool and who stands on them: what the cluster's scheduler does for the pool."""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.scenario.parts import PoolPart
from incidentsim.telemetry.registry import Registry
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.step_model import StepPreset
from incidentsim.world.stack.hardware.node import Node


class Hosts:
    """At most `count` hosts, numbered from `first`, made when first needed.

    A pod that is not held anywhere goes to its own number if that is free, else to the first free host that takes
    pods. `on_schedulable` is called when a host takes pods again, `on_new` when one is made.
    """

    def __init__(
        self, kernel: Kernel, part: PoolPart, preset: StepPreset, *, seed: int, registry: Registry, journal: Journal,
        host_of: Callable[[str], str], first: int, count: int,
    ) -> None:  # fmt: skip
        self.nodes: list[Node] = []
        self.count = count
        self.cordon_on_xid = False
        self.on_new: Callable[[], None] = lambda: None
        self.on_schedulable: Callable[[], None] = lambda: None
        self._first = first

        def make(number: int) -> Node:
            return Node(kernel, number, seed=seed, registry=registry, journal=journal, preset=preset,
                        shown_host=host_of(f"node-{number}"), gpus=part.gpus_per_replica)  # fmt: skip

        self._make: Callable[[int], Node] = make

    def ensure(self, index: int) -> Node:
        """Return host `index` of the pool; one without a pod yet stands idle, so that a fault can hit it."""
        made = False
        while len(self.nodes) <= index:
            node = self._make(self._first + len(self.nodes))
            node.on_schedulable = self._free
            node.cordon_on_xid = self.cordon_on_xid
            self.nodes.append(node)
            made = True
        if made:
            self.on_new()
        return self.nodes[index]

    def _free(self) -> None:
        self.on_schedulable()

    def find(self, pod_index: int) -> Node | None:
        """Return a host for pod `pod_index`, None when none is free."""
        for index in (min(pod_index, self.count - 1), *range(self.count)):
            node = self.ensure(index) if index >= len(self.nodes) else self.nodes[index]
            if node.pod is None and node.schedulable:
                return node
        return None

    def watch_xids(self, on: bool) -> None:
        """Have hosts with a fatal XID cordoned and drained by themselves, or not."""
        self.cordon_on_xid = on
        for node in self.nodes:
            node.cordon_on_xid = on

    def shortage(self) -> str:
        """Return why no host is free, in the scheduler's words."""
        off = [n for n in self.nodes if n.cordoned]
        dead = [n for n in self.nodes if n.not_ready and not n.cordoned]
        full = len(self.nodes) - len(off) - len(dead)
        parts = [f"{len(off)} node(s) were unschedulable"] if off else []
        parts += [f"{len(dead)} node(s) had untolerated taint {{node.kubernetes.io/unreachable}}"] if dead else []
        parts += [f"{full} Insufficient nvidia.com/gpu"] if full else []
        return f"0/{len(self.nodes)} nodes are available: {', '.join(parts)}"
