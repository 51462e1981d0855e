"""How good the answers are: causal in what retrieval, features, revisions and engines did to each of them.

Every answered request has probabilities of being bad for several reasons; stages and pods add to them
(`Attempt.spoil`, `Pod.defects`). A keyed draw decides, users react, and the `quality` objective counts it.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import QualityPart
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.golden_prompts import GoldenPrompts
from incidentsim.world.stack.requests import DEFECT_KINDS, Attempt
from incidentsim.world.stack.sli import SliBook

_ONE: Final = 1_000_000

REASONS: Final = ("ungrounded", "stale", "garbled", "behaviour", "fallback")
"""Names of the reasons for a bad answer, in the order of `requests.UNGROUNDED` and the rest."""


class Quality(Component):
    """Judges every answer that a pool gave, once.

    `thumbs_down` and `regenerations` are what users do in the product; the audit is a grading model on a sample,
    which sees reasons. Nobody sees the truth for every answer.
    """

    def __init__(
        self, part: QualityPart, *, seed: int, book: SliBook, registry: Registry, pools: tuple[str, ...],
        golden: GoldenPrompts,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self._golden = golden
        self._part = part
        self._book = book
        self._verdict = Draws(seed, part.id, "verdict")
        self._user = Draws(seed, part.id, "user")
        self._audit = Draws(seed, part.id, "audit")
        self.bad = dict.fromkeys(pools, 0)
        self.judged = dict.fromkeys(pools, 0)
        self._thumbs: dict[str, Counter] = {}
        self._again: dict[str, Counter] = {}
        self._graded: dict[str, Counter] = {}
        self._flagged: dict[tuple[str, int], Counter] = {}
        for pool in pools:
            label = {"pool": pool}
            self._thumbs[pool] = registry.counter("feedback_thumbs_down_total", label, target="product")
            self._again[pool] = registry.counter("feedback_regenerations_total", label, target="product")
            self._graded[pool] = registry.counter("quality_audited_answers_total", label, target="audit")
            for number, reason in enumerate(REASONS):
                self._flagged[pool, number] = registry.counter(
                    "quality_audit_flags_total", {**label, "reason": reason}, target="audit"
                )

    def changed(self, name: str) -> None:
        """Take a new setting."""
        if name == "golden_prompts":
            self._golden.switch(bool(self.int_knob(name)))

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), list(self.judged.values()), list(self.bad.values())]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Judging is not on the requests' way."""
        return None

    def status(self) -> list[str]:
        """Return how it is measured."""
        lines = ["users' thumbs and regenerations come from the product, reasons from the audited sample"]
        if self.int_knob("golden_prompts"):
            lines.append("every replica is asked golden prompts once a minute: golden_prompts_failed_total")
        return lines

    def answered(self, attempt: Attempt, code: int) -> None:
        """Judge an answer, if a pool or a fallback in its place gave it."""
        pod, lane = attempt.served, attempt.lane
        if code != 200 or (pod is None and (attempt.defects is None or lane is None)):
            return
        request = attempt.request
        key = request.index << 6 | request.tenant.number
        pool = pod.pool.id if pod is not None else lane.pool.id if lane is not None else ""
        draw = self._verdict.below(key, _ONE)
        reason, upto = -1, 0
        if attempt.defects is not None or (pod is not None and pod.defects is not None):
            for number, share in enumerate(self._shares(attempt)):
                upto += share
                if draw < upto:
                    reason = number
                    break
        if pod is not None:
            upto += pod.pool.part.weaker
        part = self._part
        bad = reason >= 0 or draw < upto + part.base_defects
        self.judged[pool] += 1
        self.bad[pool] += bad
        self._book.judged("quality", request.tenant.id, bad=bad)
        if self._user.below(2 * key, _ONE) < (part.thumbs_down_bad if bad else part.thumbs_down_good):
            self._thumbs[pool].value += 1
        if self._user.below(2 * key + 1, _ONE) < (part.regenerate_bad if bad else part.regenerate_good):
            self._again[pool].value += 1
        if self._audit.below(key, _ONE) < self.int_knob("audit_sampling"):
            self._graded[pool].value += 1
            if reason >= 0:
                self._flagged[pool, reason].value += 1

    @staticmethod
    def _shares(attempt: Attempt) -> list[int]:
        """Return the probability of each reason, in ppm, that of the pod included, where either has any."""
        own = attempt.defects
        pods = attempt.served.defects if attempt.served is not None else None
        return [(own[i] if own else 0) + (pods[i] if pods else 0) for i in range(DEFECT_KINDS)]
