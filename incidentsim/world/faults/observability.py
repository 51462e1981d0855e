"""Faults of monitoring: the state is as it is, and what is reported differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from incidentsim.world.call import Call
from incidentsim.world.faults.base import Fault
from incidentsim.world.observability.lies import KV_USAGE, WAITING, Lie
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.pools.pod import Pod

if TYPE_CHECKING:
    from incidentsim.world.observability.plane import Observability

LEAD_US: Final = 12_000_000
"""How long the gauges show the load before the abort: two scrapes at the default interval."""

LAST_STEP_US: Final = 1_000_000
"""After this long the step that was in progress at the abort has ended."""

XID_METRIC: Final = "DCGM_FI_DEV_XID_ERRORS"


class StaleGauge(Fault):
    """One engine is full, as its gauges say; then all its requests are aborted at once, and the gauges stand still.

    vLLM publishes its gauges when an engine step ends, and without work there is no step (vllm-project/vllm#29928,
    #22545). So a router that believes the gauge keeps it standing still. The load before the abort is not simulated:
    the gauges show it for LEAD_US, so that scrapes see it.
    """

    _engine: Replica | None = None
    _steps: int | None = None

    def apply(self, strength_ppm: int) -> None:
        """Let the gauges of the replica show the load, and abort its requests soon; or let them move again."""
        pod = self._pod()
        self._steps = self._engine = None
        if strength_ppm == 0 or pod is None or pod.engine is None:
            for key in self._keys():
                self.stack.lies.retract(key)
            return
        engine = self._engine = pod.engine
        kv = max(engine.used_blocks() / engine.blocks, self.params["kv"] / 1_000_000)
        waiting = float(max(engine.queued, self.params["waiting"]))
        for key, family, stuck in zip(self._keys(), (KV_USAGE, WAITING), (kv, waiting), strict=True):
            self.stack.lies.tell(key, self._stuck_at(pod, family, stuck))
        self.stack.kernel.after(LEAD_US, self._abort, pod)

    def _keys(self) -> tuple[str, str]:
        return f"{self.id}/kv", f"{self.id}/waiting"

    def _stuck_at(self, pod: Pod, family: str, stuck: float) -> Lie:
        return Lie(targets=f"vllm/{pod.id}", effect="distorted", family=family,
                   distort=lambda true: true if self.removed else stuck)  # fmt: skip

    def _abort(self, call: Call) -> None:
        pod: Pod = call.argument
        if self._engine is None or pod.engine is not self._engine:
            return
        gone = [a for lane in self.stack.gateway.lanes for a in lane.sent if a.pod is pod]
        for attempt in gone:
            pod.cancel(attempt)
        self.stack.kernel.after(LAST_STEP_US, self._idle, (self._engine, pod, gone))

    def _idle(self, call: Call) -> None:
        """The engine has let go of what it ran; only now may the gateway give these attempts to another one."""
        engine: Replica = call.argument[0]
        pod, gone = call.argument[1:]
        self.stack.gateway.lost([a for a in gone if a.pod is pod and a.gone])
        if engine is self._engine:
            self._steps = engine.iterations()

    def _pod(self) -> Pod | None:
        pods = self.stack.pools[self.component].pods
        return pods[self.params["replica"]] if self.params["replica"] < len(pods) else None

    @property
    def removed(self) -> bool:
        """Whether its gauges tell the truth again: it has a new process, or has made a step where that is enough."""
        pod = self._pod()
        if not self.started or self._engine is None:
            return self.started
        if pod is None or pod.engine is not self._engine:
            return True
        return self.params["until"] == "step" and self._steps is not None and self._engine.iterations() > self._steps

    def state(self) -> list[object]:
        """Return what defines the fault, the steps that its engine had made among it."""
        return [*super().state(), self._steps]


class MetricRenamed(Fault):
    """The pool's engines expose a family under another name."""

    def apply(self, strength_ppm: int) -> None:
        """Rename it, or give it its former name back."""
        lies = self.stack.lies
        if strength_ppm > 0:
            lies.tell(self.id, Lie(targets=f"vllm/{self.component}", effect="renamed", family=self.params["metric"],
                                   name=self.params["name"]))  # fmt: skip
        else:
            lies.retract(self.id)


class TargetLost(Fault):
    """A scrape target fails, or is no longer known."""

    def apply(self, strength_ppm: int) -> None:
        """Lose it, or find it again."""
        lies = self.stack.lies
        if strength_ppm > 0:
            lies.tell(self.id, Lie(targets=self.params["target"], effect=self.params["how"]))
        else:
            lies.retract(self.id)


class XidHidden(Fault):
    """The exporter of a host has no XIDs."""

    def apply(self, strength_ppm: int) -> None:
        """Hide the family, or show it."""
        lies = self.stack.lies
        if strength_ppm > 0:
            lies.tell(self.id, Lie(targets=f"dcgm/{self.component}", effect="hidden", family=XID_METRIC))
        else:
            lies.retract(self.id)


class XidSticky(Fault):
    """The exporter of a host shows an XID that is no more."""

    def apply(self, strength_ppm: int) -> None:
        """Show the old code, or the present one."""
        lies, code = self.stack.lies, float(self.params["xid"])
        if strength_ppm > 0:
            lies.tell(self.id, Lie(targets=f"dcgm/{self.component}", effect="distorted", family=XID_METRIC,
                                   distort=lambda true: true or code))  # fmt: skip
        else:
            lies.retract(self.id)


class ClockSkew(Fault):
    """A host's clock is wrong: its log lines and its engine's spans carry wrong times."""

    def apply(self, strength_ppm: int) -> None:
        """Put the clock wrong by as much of the offset, or right."""
        clocks = self.stack.skewed_clocks
        clocks.pop(self.component, None)
        if strength_ppm > 0:
            clocks[self.component] = self.params["offset"] * strength_ppm // 1_000_000
        self.stack.journal.skew_us = self.stack.skew_us if clocks else None


class LogStoreSlow(Fault):
    """The log store takes fewer records per second."""

    def apply(self, strength_ppm: int) -> None:
        """Set what it takes, or lift the limit."""
        self.stack.kernel.after(0, lambda _: self._slow(strength_ppm), None)

    def _slow(self, strength_ppm: int) -> None:
        collector = cast("Observability", self.stack.components[self.component]).collector()
        if collector is not None:
            collector.slowed_to = self.params["rate"] * 1_000_000 // strength_ppm if strength_ppm > 0 else -1
