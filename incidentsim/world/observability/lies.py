"""What monitoring makes of the true instruments: frozen gauges, renamed metrics, lost targets.

The registry asks `Lies` at each new scrape plan. Faults tell lies and retract them; settings rename and limit.
Everything that reads reported metrics (dashboards, alerts, router, autoscaler) gets what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from incidentsim.specs.knobs import UNLIMITED
from incidentsim.telemetry.labels import NAME, make_labels
from incidentsim.telemetry.registry import Entry, Gauge, Registry

KV_USAGE, WAITING = "vllm:kv_cache_usage_perc", "vllm:num_requests_waiting"
"""The engine gauges that routers and the pool's averages are made from."""

POOL_AVERAGES: Final = {
    "inference_pool_average_kv_cache_utilization": KV_USAGE,
    "inference_pool_average_queue_size": WAITING,
}
"""Averages that the endpoint picker computes from what the replicas report, not from what is true."""

ENGINES: Final = "vllm/"
"""Targets of engines are `vllm/<pod>`."""

Effect = Literal["distorted", "renamed", "hidden", "down", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One thing that monitoring gets wrong.

    `targets` is one target, or `vllm/<pool>` for every replica of a pool, or `vllm/` for all of them. `distorted`:
    `distort` makes the shown value of the family from the true one. `renamed`: the family comes as `name`. `hidden`:
    it does not come. `down`: the whole target does not answer. `gone`: service discovery has lost it.
    """

    targets: str
    effect: Effect
    family: str = ""
    name: str = ""
    distort: Callable[[float], float] | None = None

    def hits(self, target: str, family: str = "") -> bool:
        """Return whether it is about this family of this target."""
        if self.family != family:
            return False
        wanted = self.targets
        return target == wanted or target.rpartition("-")[0] == wanted or (
            wanted == ENGINES and target.startswith(ENGINES))  # fmt: skip


class Lies:
    """All that stands between instruments and scrapes; of several lies about one thing the latest counts.

    `names` maps families to the older names under which engines expose them, and everybody reads them, at the start.
    `aliases`: a relabelling rule keeps both names of a renamed metric. `sample_limit` is Prometheus' setting: a
    target with more samples fails as a whole. `replicas` returns the targets of a pool's ready replicas.
    """

    def __init__(self, registry: Registry, names: Mapping[str, str], replicas: Callable[[str], list[str]]) -> None:
        self._registry = registry
        self._names = dict(names)
        self._replicas = replicas
        self._told: dict[str, Lie] = {}
        self._aliases = False
        self._sample_limit = UNLIMITED
        self._seen: dict[tuple[str, str], Gauge] = {}
        for family, name in names.items():
            self._told[f"names/{family}"] = Lie(targets=ENGINES, effect="renamed", family=family, name=name)
        self._own = len(self._told)
        registry.lens = self

    def read_name(self, family: str) -> str:
        """Return the name under which dashboards, router and autoscaler look for a family."""
        return self._names.get(family, family)

    def tell(self, key: str, lie: Lie) -> None:
        """Get something wrong from now on; `key` names it for `retract`."""
        self._told.pop(key, None)
        self._told[key] = lie
        self._registry.touch()

    def retract(self, key: str) -> None:
        """Get it right again."""
        if self._told.pop(key, None) is not None:
            self._registry.touch()

    def set_aliases(self, on: bool) -> None:
        """Keep both names of renamed metrics, or not."""
        self._aliases = on
        self._registry.touch()

    def set_sample_limit(self, limit: int) -> None:
        """Fail targets with more samples than this; UNLIMITED = none."""
        self._sample_limit = limit
        self._registry.touch()

    def health(self) -> list[tuple[str, str]]:
        """Return (target, why it is down or empty) as the scraper's own page lists its targets."""
        out = []
        for target in self._registry.targets():
            if self.lists(target):
                fits = self._fits(target)
                up = self._registry.up(target) and not self._lie("down", target)
                out.append((target, "" if up and fits else "sample limit exceeded" if up else "connection refused"))
        return out

    # -- what the registry asks -----------------------------------------------------------------------------

    def lists(self, target: str) -> bool:
        """Return whether the scraper knows of a target at all."""
        return self._lie("gone", target) is None

    def answers(self, target: str) -> bool:
        """Return whether scrapes of a target that is up succeed."""
        return self._lie("down", target) is None and self._fits(target)

    def shown(self, entries: list[Entry]) -> list[Entry]:
        """Return what scrapes see of these instruments, in their order."""
        self._seen.clear()
        out: list[Entry] = []
        lost: dict[str, bool] = {}
        for entry in entries:
            target = entry.target
            if target not in lost:
                lost[target] = not (self.lists(target) and self.answers(target))
            if not lost[target]:
                out.extend(self._as_shown(entry))
        for entry in out:
            if isinstance(entry.instrument, Gauge):
                self._seen[entry.target, entry.family] = entry.instrument
        return [self._average(entry) for entry in out]

    # -- how ------------------------------------------------------------------------------------------------

    def _lie(self, effect: Effect, target: str, family: str = "") -> Lie | None:
        found = None
        for lie in self._told.values():
            if lie.effect == effect and lie.hits(target, family):
                found = lie
        return found

    def _fits(self, target: str) -> bool:
        limit = self._sample_limit
        if limit == UNLIMITED:
            return True
        return sum(len(e.series) for e in self._registry.entries() if e.target == target) <= limit  # exact: ints

    def _as_shown(self, entry: Entry) -> list[Entry]:
        family, target = entry.family, entry.target
        if self._lie("hidden", target, family) is not None:
            return []
        wrong = self._lie("distorted", target, family)
        if wrong is not None and wrong.distort is not None and isinstance(entry.instrument, Gauge):
            true, distort = entry.instrument, wrong.distort
            entry = replace(entry, instrument=Gauge(lambda: distort(true.read())))
        renamed = self._lie("renamed", target, family)
        name = renamed.name if renamed is not None else family
        shown = [entry if name == family else _called(entry, name)]
        wanted = self.read_name(family)
        if self._aliases and name != wanted:
            shown.append(entry if wanted == family else _called(entry, wanted))
        return shown

    def _average(self, entry: Entry) -> Entry:
        family = POOL_AVERAGES.get(entry.family)
        if family is None or len(self._told) == self._own:
            return entry
        pool = dict(entry.series[0][1])["name"]
        name = self.read_name(family)

        def mean() -> float:
            total, count = 0.0, 0
            for target in self._replicas(pool):
                gauge = self._seen.get((target, name))
                if gauge is not None:
                    total += gauge.read()
                    count += 1
            return total / count if count else float("nan")

        return replace(entry, instrument=Gauge(mean))


def _called(entry: Entry, name: str) -> Entry:
    """Return the entry with its series under another name, suffixes of histograms kept."""
    series = []
    for old, labels in entry.series:
        new = name + old.removeprefix(entry.family)
        plain = {key: value for key, value in labels if key != NAME}
        series.append((new, make_labels(plain, new)))
    return Entry(family=name, target=entry.target, instrument=entry.instrument, series=tuple(series))
