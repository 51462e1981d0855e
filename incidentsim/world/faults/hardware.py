"""Faults of GPU hosts. Each is gone at its root when it ends by itself or when its host is out of service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.scenario.model import FaultPlan
from incidentsim.world.call import Call
from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.hardware.cotenant import CoTenant
from incidentsim.world.stack.hardware.gpu import Gpu
from incidentsim.world.stack.hardware.node import Node

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack

XID_DOUBLE_BIT, XID_REMAPPED, XID_REMAP_FAILED, XID_OFF_THE_BUS, XID_CONTAINED, XID_UNCONTAINED = 48, 63, 64, 79, 94, 95
"""NVIDIA XIDs: double-bit ECC error, row remapping recorded, row remapper failure, GPU has fallen off the bus,
contained and uncontained ECC error."""

DOUBLE_BIT_PPM: Final = 250_000
"""Share of memory errors that are reported as double-bit errors and not as contained ones."""


class _OfNode(Fault):
    @property
    def node(self) -> Node:
        """The node it hits."""
        return self.stack.node(self.component)

    @property
    def gpu(self) -> Gpu:
        """The GPU it hits: the last one where the host has fewer."""
        gpus = self.node.gpus
        return gpus[min(int(self.params.get("gpu", 0)), len(gpus) - 1)]

    @property
    def removed(self) -> bool:
        """Whether it ended, or its host is cordoned and empty: then the hardware team can have it."""
        return super().removed or (self.started and self.node.out_of_service)


class ClockThrottle(_OfNode):
    """Heat or a power limit lowers the SM clock of one GPU; the whole group waits for it in every step."""

    def apply(self, strength_ppm: int) -> None:
        """Slow the GPU down."""
        extra = (self.params["slowdown"] - 1_000_000) * strength_ppm // 1_000_000
        self.gpu.throttle_ppm = 1_000_000 + extra
        self.gpu.reason = self.params.get("reason", "power")
        self.node.apply_speed()


class GpuLost(_OfNode):
    """A GPU falls off the bus: its metrics vanish and no engine starts on this host again.

    An engine on this GPU alone dies at once. In a group the other ranks wait for the lost one until the watchdog
    ends them. The device plugin goes on offering the host, so the kubelet starts the container there again.
    """

    def apply(self, strength_ppm: int) -> None:
        """Take the GPU away, or bring it back."""
        node, gpu = self.node, self.gpu
        if not strength_ppm:
            gpu.lost = False
            return
        if gpu.lost:
            return
        gpu.lost = True
        node.xid(gpu, XID_OFF_THE_BUS, "GPU has fallen off the bus.")
        self.stack.journal.emit("error", "kernel", node.id, f"NVRM: GPU {gpu.bus.removeprefix('PCI:')}.0: GPU has "
                                "fallen off the bus.", {})  # fmt: skip
        if len(node.gpus) > 1:
            node.stall(gpu.index)
        elif node.pod is not None:
            node.pod.pool.crash(node.pod, "CUDA error: unspecified launch failure")


class EccErrors(_OfNode):
    """Failing memory cells: now and then the job on this GPU is aborted, and a row is remapped."""

    def __init__(self, stack: Stack, plan: FaultPlan) -> None:
        super().__init__(stack, plan)
        self._draws = Draws(stack.seed, plan.id, "ecc")
        self._errors = 0
        self._running = False

    def apply(self, strength_ppm: int) -> None:
        """Begin to wait for the next error; more strength, more of them."""
        if strength_ppm and not self._running:
            self._running = True
            self._await()

    def _await(self) -> None:
        mean = self.params["mean_interval"] * 1_000_000 // self.strength_ppm
        wait = int(self._draws.exponential(2 * self._errors) * mean)
        self.stack.kernel.after(max(wait, 1_000_000), self._error, None)

    def _error(self, _: Call) -> None:
        self._running = self.strength_ppm > 0
        if not self._running:
            return
        pod = self.node.pod
        if pod is not None and pod.engine is not None and pod.engine.busy:
            self._strike()
        self._errors += 1
        self._await()

    def _strike(self) -> None:
        node, gpu, stack = self.node, self.gpu, self.stack
        pod = node.pod
        assert pod is not None
        full = self.params.get("spare_rows", 0)
        gpu.remap_failed = gpu.remap_failed or (full > 0 and gpu.remapped_rows >= full)
        if gpu.remap_failed:
            node.xid(gpu, XID_REMAP_FAILED, "Row Remapper: Failed to remap row")
            code, text = XID_UNCONTAINED, "pid=17, Uncontained ECC error"
        else:
            gpu.remapped_rows += 1
            node.xid(gpu, XID_REMAPPED, "Row Remapper: New row marked for remapping, reset gpu to activate.")
            double = self._draws.below(2 * self._errors + 1, 1_000_000) < DOUBLE_BIT_PPM
            code = XID_DOUBLE_BIT if double else XID_CONTAINED
            text = "pid=17, DBE (double bit error)" if double else "pid=17, Contained: SM. Physical address in HBM"
        node.xid(gpu, code, text)
        if node.pod is pod and pod.engine is not None:
            stack.journal.emit("error", pod.pool.id, pod.id, "EngineCore encountered a fatal error.", {"pod": pod.id})
            pod.pool.crash(pod, "torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered")

    def state(self) -> list[object]:
        """Return what defines the fault."""
        return [*super().state(), self._errors]


class NcclHang(Fault):
    """One rank of a replica dies or falls out of step: the others wait for it in a collective, at full load.

    Nothing but a new start of the whole group brings the ranks into step again.
    """

    _engine: object = None

    def apply(self, strength_ppm: int) -> None:
        """Stall the group of the chosen replica."""
        pods = self.stack.pools[self.component].pods
        index = self.params.get("replica", 0)
        if strength_ppm and index < len(pods) and pods[index].engine is not None:
            self._engine = pods[index].engine
            pods[index].node.stall(self.params.get("rank", 0))

    @property
    def removed(self) -> bool:
        """Whether the group that hangs is gone."""
        pods = self.stack.pools[self.component].pods
        index = self.params.get("replica", 0)
        there = index < len(pods) and self._engine is not None and pods[index].engine is self._engine
        return self.started and not there


class NoisyNeighbour(_OfNode):
    """A batch job is placed on the host and contends for memory bandwidth, PCIe and CPU, in bursts."""

    def apply(self, strength_ppm: int) -> None:
        """Let the job come, grow, or go."""
        node = self.node
        if node.neighbour is None:
            node.neighbour = CoTenant(
                self.stack.kernel, self.stack.registry, seed=self.stack.seed, node=node.id, host=node.host,
                pod=self.params.get("workload", "embeddings-backfill"), extra_ppm=self.params["slowdown"] - 1_000_000,
            )  # fmt: skip
        if strength_ppm and not node.neighbour.strength_ppm:
            self.stack.journal.emit("info", "kubelet", node.id,
                                    f"Started container in pod batch/{node.neighbour.pod}", {})  # fmt: skip
        node.neighbour.strength_ppm = strength_ppm
        node.apply_speed()


class NodeLost(_OfNode):
    """The host dies: silence first, NotReady after 40 s, its pods evicted after five minutes."""

    def apply(self, strength_ppm: int) -> None:
        """Let the host die, or come back."""
        if strength_ppm and not self.node.down:
            self.node.fail()
        elif not strength_ppm:
            self.node.recover()
