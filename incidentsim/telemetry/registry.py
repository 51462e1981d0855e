"""The true instruments: what components count and gauge, before monitoring looks at them.

World components register instruments once and update them inline (`counter.value += 1`); the store reads all
of them at each scrape. A target is what a scrape reaches in one go, written `job/instance`, such as
`vllm/decode-3`; when it is down it yields no samples and its `up` is 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

from incidentsim.specs.metrics import METRICS, MetricSpec, MetricType
from incidentsim.telemetry.labels import NAN, Labels, format_series, make_labels

MICROSECONDS: Final = 1_000_000
"""µs in a second, ppm in one: histograms of seconds and ratios are stored in µs and ppm."""

SYNTHETIC: Final = ("up", "ALERTS")
"""Families that monitoring makes itself; nobody registers them."""


class Counter:
    """A number that only rises while its owner lives. The owner adds to `value` inline."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def collect(self, out: list[float]) -> None:
        """Append the current value."""
        out.append(self.value)


class Gauge:
    """A number that its owner computes when asked. A NaN means that there is no sample this time."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[], float]) -> None:
        self.read = read

    def collect(self, out: list[float]) -> None:
        """Append the current value."""
        value = self.read()
        out.append(value if value == value else NAN)  # noqa: PLR0124 - NaN test; isnan() costs more here


class Histogram:
    """Counts of integer observations per bucket, in the stored unit (µs, or a count).

    `observe(value)` counts one observation. It is the `append` of a list that is sorted into the buckets when
    somebody looks, since many values at once cost a quarter of what each would cost alone; it changes when the
    histogram is muted, which makes it forget what it is told, so don't keep it.
    """

    __slots__ = ("_counts", "_new", "_shown", "_total", "bounds", "observe", "scale")

    observe: Callable[[int], None]

    def __init__(self, bounds: tuple[int, ...], scale: int) -> None:
        self.bounds = list(bounds)
        self.scale = scale
        self._new: list[int] = []
        self.observe = self._new.append
        self.reset()

    @property
    def counts(self) -> list[int]:
        """Return the observations per bucket, and last those above every bound. A bound has its own bucket."""
        self._sort_in()
        return list(self._counts)

    @property
    def total(self) -> int:
        """Return the sum of all observations."""
        self._sort_in()
        return self._total

    def reset(self) -> None:
        """Start at zero, as a new process does."""
        self._new.clear()
        self._counts = [0] * (len(self.bounds) + 1)
        self._total = 0
        self._shown: list[float] = []

    def mute(self, muted: bool) -> None:
        """Say whether observations are to be forgotten: nobody looks at a family that is not scraped."""
        self._sort_in()
        self.observe = _FORGET if muted else self._new.append

    def collect(self, out: list[float]) -> None:
        """Append the cumulative buckets, the sum in the shown unit, and the count."""
        if self._new or not self._shown:
            self._sort_in()
            shown: list[float] = list(accumulate(self._counts))
            count = shown[-1]
            self._shown = [*shown, self._total / self.scale, count]
        out.extend(self._shown)

    def _sort_in(self) -> None:
        new = self._new
        if not new:
            return
        counts, bounds = self._counts, self.bounds
        new.sort()
        below = 0
        last = bisect_left(bounds, new[-1])
        for place in range(bisect_left(bounds, new[0]), last):
            upto = bisect_right(new, bounds[place], below)
            counts[place] += upto - below
            below = upto
        counts[last] += len(new) - below
        self._total += sum(new)  # exact: ints
        self._shown = []
        new.clear()


_FORGET: Final = deque[int](maxlen=0).append
"""Takes a value and does nothing, at the price of a built-in function."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One registered instrument, and the (name, labels) of the series that it yields, in order."""

    family: str
    target: str
    instrument: Counter | Gauge | Histogram
    series: tuple[tuple[str, Labels], ...]


@dataclass(slots=True, kw_only=True)
class _Target:
    """Whether a target answers its scrapes, and whether there is one to scrape; `key` is its `up` series."""

    key: tuple[str, Labels]
    up: bool = True
    listed: bool = True


class Lens(Protocol):
    """What stands between the instruments and a scrape: settings and failures of monitoring itself.

    Whoever changes its answers calls `Registry.touch`.
    """

    def lists(self, target: str) -> bool:
        """Return whether the scraper knows of a target at all."""
        ...

    def answers(self, target: str) -> bool:
        """Return whether scrapes of a target that is up succeed."""
        ...

    def shown(self, entries: list[Entry]) -> list[Entry]:
        """Return what scrapes see of these instruments, in their order."""
        ...


class Registry:
    """All instruments of a world, in the order of their registration.

    `version` rises with every change of what a scrape would return, so that a scraper can keep its plan.
    Names and label names are checked against `specs.metrics`; a mistake is a programming error (ValueError).
    """

    def __init__(self) -> None:
        self.version = 0
        self.lens: Lens | None = None
        self._entries: dict[tuple[str, Labels], Entry] = {}
        self._targets: dict[str, _Target] = {}

    def counter(self, name: str, labels: Mapping[str, str], *, target: str) -> Counter:
        """Return the counter of (name, labels), made on the first call."""
        spec, key = _checked(name, labels, "counter")
        entry = self._entries.get(key) or self._add(spec, key, Counter(), target)
        instrument = self._same_target(entry, target).instrument
        assert isinstance(instrument, Counter)
        return instrument

    def gauge(self, name: str, labels: Mapping[str, str], read: Callable[[], float], *, target: str) -> None:
        """Have `read` called at each scrape for (name, labels); a later registration replaces `read`."""
        spec, key = _checked(name, labels, "gauge")
        entry = self._entries.get(key) or self._add(spec, key, Gauge(read), target)
        instrument = self._same_target(entry, target).instrument
        assert isinstance(instrument, Gauge)
        instrument.read = read

    def counter_from(self, name: str, labels: Mapping[str, str], read: Callable[[], float], *, target: str) -> None:
        """Have `read` called at each scrape for a counter that its owner keeps elsewhere."""
        spec, key = _checked(name, labels, "counter")
        entry = self._entries.get(key) or self._add(spec, key, Gauge(read), target)
        instrument = self._same_target(entry, target).instrument
        assert isinstance(instrument, Gauge)
        instrument.read = read

    def histogram(self, name: str, labels: Mapping[str, str], *, target: str) -> Histogram:
        """Return the histogram of (name, labels), made on the first call, with the buckets of its spec."""
        spec, key = _checked(name, labels, "histogram")
        scale = MICROSECONDS if spec.unit in ("seconds", "ratio") else 1
        entry = self._entries.get(key) or self._add(spec, key, Histogram(spec.buckets, scale), target)
        instrument = self._same_target(entry, target).instrument
        assert isinstance(instrument, Histogram)
        return instrument

    def set_up(self, target: str, up: bool) -> None:
        """Say whether scrapes of `target`, which is there, succeed. Its instruments keep counting either way."""
        self._set(target, up=up, listed=True)

    def unlist(self, target: str) -> None:
        """Take a target out of service discovery, its instruments kept: it has no `up` until `set_up` is called.

        So it is with a pod that was retired, or has no address yet (Prometheus, kubernetes_sd_config, role pod).
        """
        self._set(target, up=False, listed=False)

    def _set(self, target: str, *, up: bool, listed: bool) -> None:
        state = self._target(target)
        if (state.up, state.listed) != (up, listed):
            state.up, state.listed = up, listed
            self.version += 1

    def show(self, target: str, instance: str) -> None:
        """Have the `up` of a target say `instance` where its own name is not what people call it."""
        self._target(target).key = ("up", make_labels({"job": target.partition("/")[0], "instance": instance}, "up"))
        self.version += 1

    def shown(self, target: str) -> str:
        """Return a known target as people call it: job/instance, or the job where that is both."""
        key = dict(self._targets[target].key[1])
        return key["job"] if key["job"] == key["instance"] else f"{key['job']}/{key['instance']}"

    def drop(self, target: str) -> None:
        """Remove a target with its instruments: the pod is gone. Unknown targets are ignored."""
        if self._targets.pop(target, None) is None:
            return
        self._entries = {key: entry for key, entry in self._entries.items() if entry.target != target}
        self.version += 1

    def up(self, target: str) -> bool:
        """Return whether a known target's process answers."""
        return self._targets[target].up

    def targets(self) -> tuple[str, ...]:
        """Return the targets that service discovery finds, in order of registration."""
        return tuple(name for name, state in self._targets.items() if state.listed)

    def up_series(self) -> list[tuple[tuple[str, Labels], float]]:
        """Return ((name, labels), 0 or 1) of every listed target's `up`."""
        lens = self.lens
        if lens is None:
            return [(state.key, 1.0 if state.up else 0.0) for state in self._targets.values() if state.listed]
        return [(state.key, 1.0 if state.up and lens.answers(name) else 0.0)
                for name, state in self._targets.items() if state.listed and lens.lists(name)]  # fmt: skip

    def reachable(self) -> list[Entry]:
        """Return the instruments that a scrape reaches now, in order of registration."""
        entries = self.entries()
        return entries if self.lens is None else self.lens.shown(entries)

    def entries(self) -> list[Entry]:
        """Return the instruments of all targets that are up, whatever scrapes make of them."""
        return [entry for entry in self._entries.values() if self._targets[entry.target].up]

    def touch(self) -> None:
        """Have scrapers plan anew: the lens answers differently from now on."""
        self.version += 1

    def listen(self, only: frozenset[str] | None) -> None:
        """Have histograms of other families than `only` forget what they are told; with None, none of them."""
        for entry in self._entries.values():
            if isinstance(entry.instrument, Histogram):
                entry.instrument.mute(only is not None and entry.family not in only)

    def _target(self, target: str) -> _Target:
        state = self._targets.get(target)
        if state is None:
            job, _, instance = target.partition("/")
            key = ("up", make_labels({"job": job, "instance": instance or job}, "up"))
            state = self._targets[target] = _Target(key=key)
            self.version += 1
        return state

    def _add(
        self,
        spec: MetricSpec,
        key: tuple[str, Labels],
        instrument: Counter | Gauge | Histogram,
        target: str,
    ) -> Entry:
        self._target(target)
        entry = Entry(family=spec.name, target=target, instrument=instrument, series=_series_of(spec, dict(key[1])))
        self._entries[key] = entry
        self.version += 1
        return entry

    @staticmethod
    def _same_target(entry: Entry, target: str) -> Entry:
        if entry.target != target:
            raise ValueError(
                f"{format_series(entry.series[0][1])} belongs to target {entry.target!r}, not {target!r};"
                f" drop the old target first"
            )
        return entry


def _checked(name: str, labels: Mapping[str, str], kind: MetricType) -> tuple[MetricSpec, tuple[str, Labels]]:
    spec = METRICS.get(name)
    if spec is None:
        raise ValueError(f"metric {name!r} is not declared in specs.metrics; declare it there first")
    if name in SYNTHETIC:
        raise ValueError(f"metric {name!r} is made by monitoring itself and can't be registered")
    if spec.type != kind:
        raise ValueError(f"metric {name!r} is a {spec.type}, not a {kind}")
    if sorted(labels) != sorted(spec.labels):
        raise ValueError(f"metric {name!r} needs exactly the labels {spec.labels}, got {tuple(labels)}")
    return spec, (name, make_labels(labels))


def _series_of(spec: MetricSpec, labels: dict[str, str]) -> tuple[tuple[str, Labels], ...]:
    if spec.type != "histogram":
        return ((spec.name, make_labels(labels, spec.name)),)
    scale = MICROSECONDS if spec.unit in ("seconds", "ratio") else 1
    bucket = f"{spec.name}_bucket"
    bounds = [repr(bound / scale) for bound in spec.buckets] + ["+Inf"]
    return (
        *((bucket, make_labels({**labels, "le": bound}, bucket)) for bound in bounds),
        (f"{spec.name}_sum", make_labels(labels, f"{spec.name}_sum")),
        (f"{spec.name}_count", make_labels(labels, f"{spec.name}_count")),
    )
