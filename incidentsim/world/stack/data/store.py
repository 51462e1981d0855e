"""The online feature store: which snapshot is served, and how good its features are now."""

from __future__ import annotations

from typing import Final

from incidentsim.scenario.parts.data import FeaturePart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.data.batch import FeatureState, Snapshot
from incidentsim.world.stack.data.stream import Stream

_ONE: Final = 1_000_000

KEPT: Final = 12
"""Snapshots that can be pinned; older ones are deleted."""

STREAM_FRESH_US: Final = 300_000_000
"""Age up to which a streaming feature loses nothing; at twice that it has lost half its information."""

LATEST: Final = "latest"


class FeatureStore(Component):
    """Snapshots by id, oldest first. `drift` is the shift of the world itself, by feature, in ppm of PSI."""

    def __init__(
        self, features: tuple[FeaturePart, ...], stream: Stream, *, kernel: Kernel, registry: Registry,
        journal: Journal,
    ) -> None:  # fmt: skip
        super().__init__("feature-store")
        self.drift: dict[str, int] = {}
        self._features = features
        self._stream = stream
        self._kernel = kernel
        self._journal = journal
        now = kernel.now
        first = {f.id: FeatureState(missing_ppm=f.missing, psi_ppm=0, as_of_us=now) for f in features}
        self._snapshots = [Snapshot(id="snap-1", published_us=now, features=first)]
        self._count = 1
        self._pinned = LATEST
        for feature in features:
            name = feature.id
            label = {"feature": name}

            def gauge(metric: str, read: object, label: dict[str, str] = label) -> None:
                registry.gauge(metric, label, read, target="feature-store")  # type: ignore[arg-type]

            gauge("feature_missing_ratio", lambda name=name: self.served(name).missing_ppm / _ONE)
            gauge("feature_psi", lambda name=name: self.served(name).psi_ppm / _ONE)
            gauge("feature_ks", lambda name=name: self.served(name).ks_ppm() / _ONE)
            gauge("feature_age_seconds", lambda name=name: (self._kernel.now - self.served(name).as_of_us) // _ONE)

    # -- snapshots ------------------------------------------------------------------------------------------

    def publish(self, batch: dict[str, FeatureState]) -> str:
        """Add a snapshot in which these features are new; return its id."""
        self._count += 1
        newest = self._snapshots[-1]
        snapshot = newest.with_features(f"snap-{self._count}", self._kernel.now, batch)
        self._snapshots.append(snapshot)
        if len(self._snapshots) > KEPT:
            old = next(s for s in self._snapshots if s.id != self._pinned)
            self._snapshots.remove(old)
        self._journal.emit("info", "feature-store", "feature-store-0", f"snapshot {snapshot.id} is online",
                           {"features": len(batch), "serving": self.serving.id})  # fmt: skip
        return snapshot.id

    def pins(self) -> dict[str, tuple[str, ...]]:
        """Return the snapshots that can be served, the one asked for first."""
        return {"snapshot": tuple(dict.fromkeys((self._pinned, LATEST, *(s.id for s in self._snapshots))))}

    def pin(self, key: str, revision: str) -> None:
        """Serve this snapshot until told otherwise."""
        assert key == "snapshot"
        self._pinned = revision

    @property
    def pinned(self) -> str:
        """What `pin` asked for last."""
        return self._pinned

    @property
    def serving(self) -> Snapshot:
        """The snapshot that answers."""
        if self._pinned == LATEST:
            return self._snapshots[-1]
        return next((s for s in self._snapshots if s.id == self._pinned), self._snapshots[-1])

    # -- features as served ---------------------------------------------------------------------------------

    def served(self, feature: str) -> FeatureState:
        """Return a feature as it is served now."""
        state = self.serving.features[feature]
        part = next(f for f in self._features if f.id == feature)
        as_of = self._kernel.now - self._stream.delay_us() if part.source == "stream" else state.as_of_us
        return FeatureState(missing_ppm=state.missing_ppm, psi_ppm=state.psi_ppm + self.drift.get(feature, 0),
                            as_of_us=as_of)  # fmt: skip

    def information_ppm(self) -> int:
        """Return the share of what the model was trained on that it gets now."""
        total = weight = 0
        for feature in self._features:
            state = self.served(feature.id)
            usable = state.information_ppm()
            if feature.source == "stream":
                late = max(0, self._kernel.now - state.as_of_us - STREAM_FRESH_US)
                usable = usable * STREAM_FRESH_US // (STREAM_FRESH_US + late)
            total += feature.weight * usable // _ONE
            weight += feature.weight
        return total * _ONE // weight if weight else _ONE

    def status(self) -> list[str]:
        """Return the snapshots, newest last."""
        serving = self.serving.id
        lines = [f"pinned = {self._pinned}", f"serving = {serving}"]
        for snapshot in self._snapshots:
            age = (self._kernel.now - snapshot.published_us) // 60_000_000
            lines.append(f"{snapshot.id}: published {age} min ago{' (serving)' if snapshot.id == serving else ''}")
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return what it serves."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=f"serving {self.serving.id}")

    def state(self) -> list[object]:
        """Return what defines it."""
        features = [[f.missing_ppm, f.psi_ppm, f.as_of_us] for s in self._snapshots for f in s.features.values()]
        return [*super().state(), self._pinned, self._count, features, list(self.drift.values()), self._stream.state()]
