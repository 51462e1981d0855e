"""The data platform: contracts between jobs and the feature store, and the validators that check them."""

from __future__ import annotations

from typing import Final

from incidentsim.scenario.parts.data import PipelinePart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.data.batch import FeatureState
from incidentsim.world.stack.data.job import Job
from incidentsim.world.stack.data.store import FeatureStore
from incidentsim.world.stack.data.stream import Stream

_ONE: Final = 1_000_000

CHECKS: Final = ("missing_rate", "psi", "row_count")
"""What validators look at."""

ROWS_FACTOR_PPM: Final = 1_500_000
"""A batch with this many times the usual rows, or fewer by as much, breaks the contract."""


class Pipeline(Component):
    """Jobs hand their batches in here; validators look, and the contract mode decides."""

    def __init__(self, part: PipelinePart, *, kernel: Kernel, registry: Registry, journal: Journal) -> None:
        super().__init__(part.id)
        self.part = part
        self.stream = Stream(part, kernel, registry)
        self.store = FeatureStore(part.features, self.stream, kernel=kernel, registry=registry, journal=journal)
        self._journal = journal
        self.jobs = [
            Job(job, {f.id: f.missing for f in part.features if f.source == job.id}, pipeline=self, kernel=kernel,
                registry=registry, journal=journal)
            for job in part.jobs
        ]  # fmt: skip
        self._failures = {
            (job.part.id, check): registry.counter("pipeline_validator_failures_total",
                                                   {"job": job.part.id, "check": check}, target="pipeline")
            for job in self.jobs for check in CHECKS
        }  # fmt: skip

    def changed(self, name: str) -> None:
        """Take a new number of consumers."""
        if name == "consumers":
            self.stream.set_consumers(self.int_knob(name))

    def publish(self, job: Job, batch: dict[str, FeatureState]) -> bool:
        """Check a batch and put it online, unless it breaks an enforced contract."""
        mode = self.text_knob("contract_mode")
        problems = self._problems(job, batch) if mode != "off" else []
        for check, text in problems:
            self._failures[job.part.id, check].value += 1
            self._journal.emit("error" if mode == "enforce" else "warn", "validator", "scheduler-0",
                               f"expectation failed: {text}", {"job": job.part.id, "check": check})  # fmt: skip
        if problems and mode == "enforce":
            return False
        self.store.publish(batch)
        return True

    def _problems(self, job: Job, batch: dict[str, FeatureState]) -> list[tuple[str, str]]:
        out = []
        for feature, state in batch.items():
            if state.missing_ppm > self.int_knob("max_missing_rate"):
                out.append(("missing_rate", f"column {feature}: {state.missing_ppm / 10_000:.1f} % missing"))
            if state.psi_ppm > self.int_knob("max_psi"):
                out.append(("psi", f"column {feature}: psi {state.psi_ppm / _ONE:.2f}"))
        ratio = job.rows * _ONE // max(1, job.part.rows)
        if ratio > ROWS_FACTOR_PPM or ratio * ROWS_FACTOR_PPM < _ONE * _ONE:
            out.append(("row_count", f"{job.rows} rows, usually {job.part.rows}"))
        return out

    def status(self) -> list[str]:
        """Return the jobs and how far the stream is behind."""
        jobs = [f"{job.id}: {job.running or 'idle'}" for job in self.jobs]
        return [*jobs, f"topic {self.part.topic}: {self.stream.delay_us() // _ONE} s behind"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how far the stream is behind."""
        late = self.stream.delay_us() // _ONE
        return ComponentState(name=self.id, kind=self.kind, health="warn" if late > 120 else "ok",
                              summary=f"stream {late} s behind",
                              edges=tuple((job.id, "") for job in self.jobs))  # fmt: skip
