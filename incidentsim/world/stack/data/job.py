"""A scheduled job: it reads its input when it starts, and publishes a batch of features when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from incidentsim.scenario.parts.data import JobPart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.data.batch import FeatureState

if TYPE_CHECKING:
    from incidentsim.world.stack.data.pipeline import Pipeline

RETYPED_MISSING_PPM: Final = 600_000
"""Share of values that don't survive a silent type change: numbers written as text with units, for example."""

BACKFILL_TIMES: Final = 3
"""A backfill recomputes from raw events and takes this many times as long as a run."""

_ONE: Final = 1_000_000


@dataclass(slots=True, kw_only=True)
class Defect:
    """What is wrong with one feature of the input: share missing, shift in PSI, factor on the number of rows."""

    missing_ppm: int = 0
    psi_ppm: int = 0
    rows_ppm: int = _ONE


class Job(Component):
    """`defects` by feature: what planted faults do to the input. A job runs at its times unless disabled."""

    def __init__(
        self, part: JobPart, features: dict[str, int], *, pipeline: Pipeline, kernel: Kernel, registry: Registry,
        journal: Journal,
    ) -> None:  # fmt: skip
        super().__init__(f"job.{part.id}")
        self.part = part
        self.defects: dict[str, dict[str, Defect]] = {}
        self._features = features
        self._pipeline = pipeline
        self._kernel = kernel
        self._journal = journal
        self.running = ""
        self.last_us = part.at - part.every
        self.rows = part.rows
        self._epoch = 0
        start = part.at
        while start <= kernel.now:
            self.last_us = start + part.takes
            start += part.every
        self.last_us = min(self.last_us, kernel.now)
        kernel.at(start, self._due, None)
        label = {"job": part.id}
        registry.gauge("pipeline_job_last_success_timestamp_seconds", label, lambda: self.last_us / _ONE,
                       target="pipeline")  # fmt: skip
        registry.gauge("pipeline_rows", label, lambda: float(self.rows), target="pipeline")
        self.results = {
            result: registry.counter("pipeline_job_runs_total", label | {"result": result}, target="pipeline")
            for result in ("published", "rejected")
        }

    def status(self) -> list[str]:
        """Return when it runs and what it is doing."""
        lines = [self.part.about] if self.part.about else []
        hours = self.part.every // 3_600_000_000
        return [*lines, f"every {hours} h, takes about {self.part.takes // _ONE} s",
                f"computes: {', '.join(self._features)}", f"now: {self.running or 'idle'}",
                f"last batch: {self.rows} rows at T{self.last_us / 60e6:+.0f} min"]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return what it is doing."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=self.running or "idle",
                              edges=(("feature-store", ""),))  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.running, self.last_us, self.rows, self._epoch]

    def run(self, how: str) -> None:
        """Start a `run` or a `backfill` now; one under way is stopped."""
        self._epoch += 1
        self.running = how
        takes = self.part.takes * (BACKFILL_TIMES if how == "backfill" else 1)
        self._journal.emit("info", "airflow", "scheduler-0", f"Running <TaskInstance: {self.part.id}.{how}>", {})
        self._kernel.after(takes, self._finished, (self._epoch, how, self._kernel.now))

    def stop(self) -> None:
        """Stop what is running; nothing is published."""
        if self.running:
            self._epoch += 1
            self.running = ""

    def _due(self, _: Call) -> None:
        self._kernel.after(self.part.every, self._due, None)
        if self.int_knob("enabled") and not self.running:
            self.run("run")

    def _finished(self, call: Call) -> None:
        epoch, how, started_us = call.argument
        if epoch != self._epoch:
            return
        self.running = ""
        defects = {} if how == "backfill" else self.present_defects()
        rows_ppm = _ONE
        batch: dict[str, FeatureState] = {}
        for feature, usual_missing in self._features.items():
            defect = defects.get(feature, Defect())
            rows_ppm = rows_ppm * defect.rows_ppm // _ONE
            batch[feature] = FeatureState(
                missing_ppm=min(_ONE, usual_missing + defect.missing_ppm),
                psi_ppm=defect.psi_ppm + defect.missing_ppm,  # a default in place of values is a shift of its own
                as_of_us=started_us,
            )
        self.rows = self.part.rows * rows_ppm // _ONE
        self._journal.emit("info", "airflow", "scheduler-0", f"Marking task as SUCCESS. dag_id={self.part.id}",
                           {"rows": self.rows})  # fmt: skip
        published = self._pipeline.publish(self, batch)
        self.results["published" if published else "rejected"].value += 1
        if published:
            self.last_us = self._kernel.now

    def present_defects(self) -> dict[str, Defect]:
        """Return what is wrong with the input now, by feature, over all faults."""
        out: dict[str, Defect] = {}
        for by_feature in self.defects.values():
            for feature, defect in by_feature.items():
                total = out.setdefault(feature, Defect())
                total.missing_ppm += defect.missing_ppm
                total.psi_ppm += defect.psi_ppm
                total.rows_ppm = total.rows_ppm * defect.rows_ppm // _ONE
        return out
