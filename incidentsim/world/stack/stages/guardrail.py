"""The guardrail: a classifier service that prompts pass, and what the gateway does when it gives no verdict.

A request that could not get its turn within the timeout is not queued at all (the classifier drops calls whose
deadline has passed): its verdict is missing after exactly the timeout. Verdicts are keyed by the user request, so a
retry meets the same one.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws, QuantileTable
from incidentsim.scenario.parts import GuardrailPart
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sli import SliBook
from incidentsim.world.stack.stages.station import Station

_ONE: Final = 1_000_000

VERDICTS: Final = ("allowed", "blocked", "unchecked", "refused", "reviewed")
"""Outcomes counted: refused = no verdict and the mode is fail_closed; unchecked = no verdict and passed on."""

REFUSE_US: Final = 2_000
"""Time in which the classifier answers a call with a bad credential."""

REVIEW_LIMIT: Final = 500
"""Requests that may wait for a person; more are refused."""

_LOG_EVERY: Final = 20
"""Of failed calls, one in so many is logged: clients of such services sample their own warnings."""


class Guardrail(Component):
    """`credential_dead` is the credential version that no longer works, 0 = none. `slow_ppm` scales service times.

    `skip_ppm` of the requests don't reach it at all; `shift_ppm` is added to honest requests' scores.
    """

    def __init__(
        self, part: GuardrailPart, *, kernel: Kernel, gateway: Gateway, book: SliBook, registry: Registry,
        journal: Journal, seed: int,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.credential_dead = 0
        self.skip_ppm = self.shift_ppm = 0
        self.slow_ppm = _ONE
        self._part = part
        self._kernel = kernel
        self._gateway = gateway
        self._book = book
        self._journal = journal
        self._honest, self._hostile = QuantileTable(part.honest_scores), QuantileTable(part.hostile_scores)
        self._score = Draws(seed, part.id, "score")
        self._pace = Draws(seed, part.id, "pace")
        self._luck = Draws(seed, part.id, "luck")
        self._station = Station(kernel, self.int_knob("workers"), 100_000)
        self._review = Station(kernel, self.int_knob("reviewers"), REVIEW_LIMIT)
        self._waiting: dict[Attempt, None] = {}
        self._failures = 0
        self.harmful = 0
        self._take_settings()

        def counter(name: str, **labels: str) -> Counter:
            return registry.counter(name, labels, target="guardrail")

        self._verdicts = {v: counter("guardrail_requests_total", verdict=v) for v in VERDICTS}
        reasons = ("unauthenticated", "deadline_exceeded")
        self._errors = {r: counter("guardrail_errors_total", reason=r) for r in reasons}
        self._latency = registry.histogram("guardrail_latency_seconds", {}, target="guardrail")
        self._audited = registry.counter("safety_audit_answers_total", {}, target="audit")
        self._flagged = registry.counter("safety_audit_harmful_total", {}, target="audit")
        registry.gauge("guardrail_queue_depth", {}, lambda: float(self._station.queued), target="guardrail")
        registry.gauge("guardrail_review_queue_depth", {}, lambda: float(self._review.queued), target="guardrail")
        gateway.on_answer.append(self._answered)

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new setting; it holds for what comes from now on."""
        if name == "workers":
            self._station.set_servers(self.int_knob(name))
        elif name == "reviewers":
            self._review.set_servers(self.int_knob(name))
        self._take_settings()

    def _take_settings(self) -> None:
        """Note what every request asks for."""
        self._mode = self.text_knob("mode")
        self._timeout = self.int_knob("timeout")
        self._credential = self.int_knob("credential_version")
        self._block_from, self._review_from = self.int_knob("block_threshold"), self.int_knob("review_threshold")
        self._audit_ppm = self.int_knob("audit_sampling")

    def set_slow(self, factor_ppm: int) -> None:
        """Make classifications take `factor_ppm` / 10^6 of their time."""
        self.slow_ppm = factor_ppm
        self._station.set_factor_ppm(factor_ppm)

    @property
    def credential_works(self) -> bool:
        """Whether the classifier accepts the gateway's credential."""
        return self._credential > self.credential_dead

    def status(self) -> list[str]:
        """Return its load."""
        return [f"classifying {self._station.busy}, waiting {self._station.queued}",
                f"held for review: {self._review.busy + self._review.queued}",
                f"last call: {'ok' if self.credential_works else '401 Unauthorized'}"]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its queue as reported."""
        queued = store.latest("guardrail_queue_depth", {}) or 0.0
        busy = queued > self.int_knob("workers")
        return ComponentState(name=self.id, kind=self.kind, health="warn" if busy else "ok", edges=(("router", ""),),
                              summary=f"{queued:.0f} waiting, {self.text_knob('mode')}")  # fmt: skip

    def held(self) -> int:
        """Return who is classified, reviewed, or waits for either."""
        station, review = self._station, self._review
        return station.busy + station.queued + review.busy + review.queued + len(self._waiting)

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.credential_dead, self.skip_ppm, self.shift_ppm, self._station.state(),
                self._review.state(), len(self._waiting), self.harmful]  # fmt: skip

    # -- requests -------------------------------------------------------------------------------------------

    def enter(self, attempt: Attempt) -> None:
        """Classify a request, or find that it can't be."""
        key = _key(attempt)
        if self._mode == "off" or (self.skip_ppm and self._luck.below(2 * key, _ONE) < self.skip_ppm):
            self._verdicts["unchecked"].value += 1
            self._gateway.passed(attempt)
        elif not self.credential_works:
            self._miss(attempt, REFUSE_US, "unauthenticated")
        else:
            part = self._part
            service = part.service_time + attempt.prompt * part.per_1k_tokens // 1_000
            service = service * (800_000 + self._pace.below(key, 400_001)) // _ONE
            station, slow_ppm = self._station, self.slow_ppm
            queued = station.queued
            wait = queued * service * slow_ppm // _ONE // max(1, station.servers) if queued else 0
            if wait + service * slow_ppm // _ONE > self._timeout:
                self._miss(attempt, self._timeout, "deadline_exceeded")
            else:
                station.submit(attempt, service, self._classified)

    def leave(self, attempt: Attempt) -> None:
        """Forget a request whose client hung up."""
        if self._waiting.pop(attempt, 0) == 0:
            self._station.cancel(attempt) or self._review.cancel(attempt)

    def _miss(self, attempt: Attempt, after_us: int, reason: str) -> None:
        self._errors[reason].value += 1
        self._waiting[attempt] = None
        self._failures += 1
        if self._failures % _LOG_EVERY == 1:
            text = ("rpc error: code = Unauthenticated desc = token is expired" if reason == "unauthenticated"
                    else "rpc error: code = DeadlineExceeded desc = context deadline exceeded")  # fmt: skip
            self._journal.emit("warn", "gateway", "gateway-0", f"ext_proc guardrail: {text}",
                               {"mode": self._mode, "failures": self._failures})  # fmt: skip
        self._kernel.after(after_us, self._missed, attempt)

    def _missed(self, call: Call) -> None:
        attempt: Attempt = call.argument
        if self._waiting.pop(attempt, 0) is not None:
            return
        self._mark(attempt)
        if self._mode == "fail_closed":
            self._verdicts["refused"].value += 1
            self._gateway.failed(attempt, 503, "guardrail unavailable, failing closed")
        else:
            self._verdicts["unchecked"].value += 1
            self._gateway.passed(attempt)

    def _classified(self, attempt: Attempt, now: int) -> None:
        request = attempt.request
        key = _key(attempt)
        score = self._score.pick(key, self._hostile if request.hostile else self._honest)
        if not request.hostile:
            score += self.shift_ppm
            score = score if score < _ONE else _ONE
        self._mark(attempt)
        if score >= self._block_from:
            self._block(attempt)
        elif score >= self._review_from and self._review.submit(attempt, self._part.review_time, self._reviewed):
            self._verdicts["reviewed"].value += 1
        else:
            self._verdicts["allowed"].value += 1
            self._gateway.passed(attempt)

    def _reviewed(self, attempt: Attempt, now: int) -> None:
        # people judge rightly; what they cost is time
        if attempt.request.hostile:
            self._block(attempt)
        else:
            self._gateway.passed(attempt)

    def _block(self, attempt: Attempt) -> None:
        self._verdicts["blocked"].value += 1
        request = attempt.request
        self._book.judged("safety", request.tenant.id, bad=not request.hostile)
        self._gateway.failed(attempt, 403, "blocked by content policy", final=True)

    def _mark(self, attempt: Attempt) -> None:
        """Count how long the request has been here: waiting, and classified or waited for in vain."""
        now = self._kernel.now
        self._latency.observe(now - attempt.entered_us)
        if attempt.marks is not None:
            attempt.marks.append((self.id, attempt.entered_us, now))

    def _answered(self, attempt: Attempt, code: int) -> None:
        """Judge an answer that a model gave: did an attack get through?"""
        if code != 200:
            return
        request = attempt.request
        key = _key(attempt)
        bad = request.hostile and self._luck.below(2 * key + 1, _ONE) < self._part.complies
        self.harmful += bad
        self._book.judged("safety", request.tenant.id, bad=bad)
        if self._pace.below(key + (1 << 50), _ONE) < self._audit_ppm:
            self._audited.value += 1
            self._flagged.value += bad


def _key(attempt: Attempt) -> int:
    return attempt.request.index << 6 | attempt.request.tenant.number
