"""Faults of data: what jobs read, what the stream brings, how the world drifts."""

from __future__ import annotations

from typing import Final, cast

from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.data.job import RETYPED_MISSING_PPM, Defect, Job
from incidentsim.world.stack.data.pipeline import Pipeline

_ONE: Final = 1_000_000

SHIFTED_PSI_PPM: Final = 4_000_000
"""PSI of values shifted by a backfill gone wrong, at a share of 1: two standard deviations."""

OVERSIZED_PPM: Final = 12_000_000
"""An oversized file has this many times the usual rows at a share of 1."""


class _OfJob(Fault):
    @property
    def job(self) -> Job:
        """The job whose input it spoils."""
        return cast(Job, self.stack.components[self.component])

    def _spoil(self, defect: Defect | None) -> None:
        if defect is None:
            self.job.defects.pop(self.id, None)
        else:
            self.job.defects[self.id] = {self.params["feature"]: defect}


class SchemaChange(_OfJob):
    """Runs that start from now on miss the column; what is published already stays."""

    def apply(self, strength_ppm: int) -> None:
        """Lose the column, or find it again."""
        share = _ONE if self.params["how"] == "renamed" else RETYPED_MISSING_PPM
        self._spoil(Defect(missing_ppm=share * strength_ppm // _ONE) if strength_ppm else None)


class BadBatch(_OfJob):
    """Defective input."""

    def apply(self, strength_ppm: int) -> None:
        """Spoil the input, or mend it."""
        share = self.params["share"] * strength_ppm // _ONE
        how = self.params["how"]
        if not strength_ppm:
            self._spoil(None)
        elif how == "nulls":
            self._spoil(Defect(missing_ppm=share))
        elif how == "shifted":
            self._spoil(Defect(psi_ppm=SHIFTED_PSI_PPM * share // _ONE))
        elif how == "duplicated":
            self._spoil(Defect(psi_ppm=share // 2, rows_ppm=_ONE + share))
        else:
            self._spoil(Defect(psi_ppm=share, rows_ppm=_ONE + (OVERSIZED_PPM - _ONE) * share // _ONE))


class _OfPipeline(Fault):
    @property
    def pipeline(self) -> Pipeline:
        """The pipeline it hits."""
        return cast(Pipeline, self.stack.components[self.component])


class LateData(_OfPipeline):
    """Slow consumers."""

    def apply(self, strength_ppm: int) -> None:
        """Scale the time an event takes."""
        self.pipeline.stream.set_slow(_ONE + (self.params["slowdown"] - _ONE) * strength_ppm // _ONE)


class FeatureDrift(_OfPipeline):
    """The world moves away from the training data."""

    def apply(self, strength_ppm: int) -> None:
        """Set the drift."""
        self.pipeline.store.drift[self.params["feature"]] = self.params["psi"] * strength_ppm // _ONE
