"""The classic model: its confidence follows from the features it gets; unsure scores give way to a business rule.

With a share h of the information it was trained on (feature store), a score's confidence is that of a healthy model
times (1 + 3h)/4 and its score moves towards the middle by 1 − h: without information all scores are alike. It decides
wrongly with a probability between that of a healthy and that of a blind model, in proportion to 1 − h.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws, QuantileTable
from incidentsim.scenario.parts.data import RankerPart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.data.store import FeatureStore
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sli import SliBook
from incidentsim.world.stack.stages.station import Station

_ONE: Final = 1_000_000

LOOK_US: Final = 1_000_000
"""The share of information is computed once a second: it changes by snapshots and slow drift."""


class Ranker(Component):
    """A stage that scores; at the end of a route it is the answer."""

    def __init__(
        self, part: RankerPart, features: FeatureStore | None, *, kernel: Kernel, gateway: Gateway, book: SliBook,
        registry: Registry, seed: int,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self._part = part
        self._features = features
        self._kernel = kernel
        self._gateway = gateway
        self._book = book
        self._table = QuantileTable(part.confidence)
        self._draw = Draws(seed, part.id, "score")
        self._pace = Draws(seed, part.id, "pace")
        self._station = Station(kernel, self.int_knob("workers"), 100_000)
        self._known_us = -(1 << 60)
        self._information = _ONE
        self._confidence = registry.histogram("ranker_confidence", {}, target="ranker")
        self._scores = registry.histogram("ranker_score", {}, target="ranker")
        self._latency = registry.histogram("ranker_latency_seconds", {}, target="ranker")
        self._by = {
            by: registry.counter("ranker_decisions_total", {"by": by}, target="ranker")
            for by in ("model", "rule", "timeout")
        }
        self.bad = 0

    def changed(self, name: str) -> None:
        """Take a new number of workers."""
        if name == "workers":
            self._station.set_servers(self.int_knob(name))

    def status(self) -> list[str]:
        """Return its load."""
        return [f"scoring {self._station.busy}, waiting {self._station.queued}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its queue."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=f"{self._station.queued} waiting",
                              edges=(("feature-store", ""),))  # fmt: skip

    def held(self) -> int:
        """Return who is scored, or waits for it."""
        return self._station.busy + self._station.queued

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self._station.state(), self._information, self.bad]

    def enter(self, attempt: Attempt) -> None:
        """Score a request."""
        key = _key(attempt)
        service = self._part.service_time * (700_000 + self._pace.below(key, 600_001)) // _ONE
        wait = self._station.queued * service // max(1, self._station.servers)
        if wait + service > self.int_knob("timeout"):
            self._by["timeout"].value += 1
            self._decide(attempt, self._part.rule_defects)
            self._gateway.passed(attempt)
        else:
            self._station.submit(attempt, service, self._scored)

    def leave(self, attempt: Attempt) -> None:
        """Forget a request whose client hung up."""
        self._station.cancel(attempt)

    def information_ppm(self) -> int:
        """Return the share of its training's information that the model gets."""
        now = self._kernel.now
        if self._features is not None and now - self._known_us >= LOOK_US:
            self._known_us = now - now % LOOK_US
            self._information = self._features.information_ppm()
        return self._information

    def _scored(self, attempt: Attempt, now: int) -> None:
        part = self._part
        key = _key(attempt)
        share = self.information_ppm()
        confidence = self._draw.pick(2 * key, self._table) * (_ONE + 3 * share) // (4 * _ONE)
        score = _ONE // 2 + (self._draw.below(2 * key + 1, _ONE) - _ONE // 2) * share // _ONE
        self._confidence.observe(confidence)
        self._scores.observe(score)
        self._latency.observe(now - attempt.entered_us)
        if attempt.marks is not None:
            attempt.marks.append((self.id, attempt.entered_us, now))
        if confidence < self.int_knob("confidence_threshold"):
            self._by["rule"].value += 1
            self._decide(attempt, part.rule_defects)
        else:
            self._by["model"].value += 1
            self._decide(attempt, part.defects + (part.blind_defects - part.defects) * (_ONE - share) // _ONE)
        self._gateway.passed(attempt)

    def _decide(self, attempt: Attempt, defects_ppm: int) -> None:
        bad = self._draw.below((1 << 50) + _key(attempt), _ONE) < defects_ppm
        self.bad += bad
        if attempt.stage == len(attempt.request.route.stages) and not attempt.request.route.lanes:
            self._book.judged("quality", attempt.request.tenant.id, bad=bad)


def _key(attempt: Attempt) -> int:
    return attempt.request.index << 6 | attempt.request.tenant.number
