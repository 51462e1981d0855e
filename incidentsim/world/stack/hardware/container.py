"""What cAdvisor reports of a model server's container, per host that it has stood on. `node.py` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.labels import NAN
from incidentsim.telemetry.registry import Registry

if TYPE_CHECKING:
    from incidentsim.world.stack.hardware.node import Node
    from incidentsim.world.stack.pools.pod import Pod

CPU_SECONDS_PER_STEP: Final = 0.006
"""CPU time of an engine iteration: scheduling, sampling, detokenising (vLLM's CPU overhead is a few ms a step)."""


class ContainerSeries:
    """CPU time of one pod's container on one host; no samples while the pod is elsewhere."""

    def __init__(self, registry: Registry, node: Node, pod: Pod) -> None:
        self._node = node
        self._pod = pod
        labels = {"node": node.host, "namespace": "serving", "pod": pod.id}
        registry.counter_from("container_cpu_usage_seconds_total", labels, self._cpu, target=node.container_target)

    def _cpu(self) -> float:
        engine = self._pod.engine
        if self._node.pod is not self._pod or self._node.down or engine is None:
            return NAN
        return engine.iterations() * CPU_SECONDS_PER_STEP
