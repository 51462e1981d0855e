"""Faults of GPU nodes."""

from __future__ import annotations

from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.node import Node

XID_OFF_THE_BUS = 79
"""NVIDIA XID: GPU has fallen off the bus."""


class _OfNode(Fault):
    @property
    def node(self) -> Node:
        """The node it hits."""
        return self.stack.node(self.component)


class ClockThrottle(_OfNode):
    """Power or heat lowers the SM clock; every step takes longer."""

    def apply(self, strength_ppm: int) -> None:
        """Slow the node's engine down."""
        extra = (self.params["slowdown"] - 1_000_000) * strength_ppm // 1_000_000
        self.node.throttle_ppm = 1_000_000 + extra
        if self.node.pod is not None:
            self.node.pod.apply_speed()


class GpuLost(_OfNode):
    """The GPU falls off the bus: its engine dies, its metrics vanish, and no pod starts there again."""

    def apply(self, strength_ppm: int) -> None:
        """Take the GPU away, or bring it back."""
        node = self.node
        node.lost = strength_ppm > 0
        if node.lost:
            node.xid = XID_OFF_THE_BUS
            self.stack.journal.emit("error", "kernel", node.id, "NVRM: Xid (PCI:0000:07:00): 79, GPU has fallen off "
                                    "the bus.", {})  # fmt: skip
            self.stack.registry.set_up(node.target, False)
            if node.pod is not None:
                node.pod.pool.crash(node.pod, "CUDA error: unspecified launch failure")
        else:
            self.stack.registry.set_up(node.target, True)
