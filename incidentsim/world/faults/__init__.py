"""Fault kinds, one module a family. `KINDS` maps each declared kind to the class that implements it."""

from __future__ import annotations

from incidentsim.world.faults.base import Fault
from incidentsim.world.faults.hardware import ClockThrottle, EccErrors, GpuLost, NcclHang, NodeLost, NoisyNeighbour
from incidentsim.world.faults.runtime import BadImage, EngineHang
from incidentsim.world.faults.standing import Standing
from incidentsim.world.faults.tenant import ContextGrowth, RetryBug, TrafficSurge

KINDS: dict[str, type[Fault]] = {
    "context_growth": ContextGrowth,
    "traffic_surge": TrafficSurge,
    "retry_bug": RetryBug,
    "clock_throttle": ClockThrottle,
    "gpu_lost": GpuLost,
    "ecc_errors": EccErrors,
    "nccl_hang": NcclHang,
    "noisy_neighbour": NoisyNeighbour,
    "node_lost": NodeLost,
    "engine_hang": EngineHang,
    "bad_image": BadImage,
    "waiver_without_expiry": Standing,
    "length_blind_admission": Standing,
    "max_num_seqs_raised": Standing,
    "scaled_in": Standing,
}
"""Every fault kind of `specs.faults`; a test proves that the two agree."""
