"""Where components write their log lines and finished requests become traces.

Thin: it adds time, cast names and sampling, and does nothing at all when telemetry is off. Nothing here is
read back by any component.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from incidentsim.errors import BudgetExceeded
from incidentsim.exact import Draws, bits64, format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import ObservabilityPart
from incidentsim.telemetry.logs import MOST_PER_SECOND, LogStore
from incidentsim.telemetry.spans import SpanStore, Trace, TraceSpan
from incidentsim.world.kernel import Kernel
from incidentsim.world.observability.shipping import Line, Shipper
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import Attempt

HOSTILE_FIELDS: Final = {"asn": "AS64510", "user_agent": "python-requests/2.32.3"}
"""How the requests of an attack look in the access log: one hosting network, one script."""


class Journal:
    """Log lines and traces of one world. `logs` and `spans` are None when telemetry is off.

    `accessed` and `traced` are the shares of requests in access log and traces (ppm). `shipper` is the collector
    that lines pass, None when nothing limits it. `skew_us` says how far the clock of a host (or of a pod's) is
    ahead, None while all clocks are right. Lines are counted here, by the second in which they are written: in the
    store their times may lie anywhere.
    """

    def __init__(
        self, kernel: Kernel, part: ObservabilityPart, cast: Cast, seed: int, logs: LogStore | None,
        spans: SpanStore | None,
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._cast = cast
        self._logs = logs
        self._spans = spans
        self._chatter = part.chatter
        self.accessed = self.routine(part.access_log_sampling)
        self.traced = part.trace_sampling
        self.shipper: Shipper | None = None
        self.skew_us: Callable[[str], int] | None = None
        self._second = self._lines = 0
        self._draws = Draws(seed, "observability", "sampling")
        self._trace_key = Draws(seed, "observability", "trace-id").key

    @property
    def on(self) -> bool:
        """Whether anything is written at all."""
        return self._logs is not None

    def routine(self, sampling_ppm: int) -> int:
        """Return the share of answers that leave a routine line when the knob says `sampling_ppm`, in ppm."""
        return min(1_000_000, sampling_ppm * self._chatter // 1_000_000)

    def emit(self, level: str, service: str, host: str, message: str, fields: Mapping[str, str | int]) -> None:
        """Write one log line."""
        if self._logs is not None:
            self._write(level, service, host, message, dict(fields))

    def _write(
        self, level: str, service: str, host: str, message: str, fields: dict[str, str | int], trace_id: str = ""
    ) -> None:
        assert self._logs is not None
        now = self._kernel.now
        second = now // 1_000_000
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > MOST_PER_SECOND:
            raise BudgetExceeded(
                f"more than {MOST_PER_SECOND} log lines in the scenario second from {format_clock(now)}, the last from "
                f"{service}; lower observability.access_log_sampling, or what fails so often"
            )
        if self.skew_us is not None:
            now += self.skew_us(host)
        shown = self._cast.shown(host)
        if self.shipper is None:
            self._logs.emit(now, level, service, shown, message, fields, trace_id)
        else:
            self.shipper.take(Line(t_us=now, level=level, service=service, host=shown, message=message, fields=fields,
                                   trace_id=trace_id))  # fmt: skip

    def begin(self, attempt: Attempt) -> None:
        """Decide whether an attempt is traced, so that its stages note their times."""
        if self._spans is not None and self._sample(attempt) < self.traced:
            attempt.marks = []

    def _sample(self, attempt: Attempt) -> int:
        """Return the attempt's draw, kept there since it is asked for at its begin and its end."""
        request = attempt.request
        sample = attempt.sample = self._draws.below(request.index << 6 | request.tenant.number, 1_000_000)
        return sample

    def access(self, attempt: Attempt, code: int, reason: str) -> None:
        """Note the answer to an attempt: an access-log line (errors always, successes sampled) and a trace."""
        if self._logs is None:
            return
        request = attempt.request
        sample = attempt.sample
        if sample < 0:
            sample = self._sample(attempt)
        trace_id = ""
        if sample < self.traced:
            key = request.index << 6 | request.tenant.number
            trace_id = f"{bits64(self._trace_key, key << 6 | attempt.number):016x}"
            self._trace(attempt, code, trace_id)
        if code == 200 and sample >= self.accessed:
            return
        now = self._kernel.now
        tenant = self._cast.shown(request.tenant.id)
        pod = attempt.served.id if attempt.served is not None else "-"
        fields: dict[str, str | int] = {
            "tenant": tenant, "code": code, "duration_ms": (now - attempt.received_us) // 1000,
            "prompt_tokens": request.prompt, "attempt": attempt.number, "upstream": pod,
        }  # fmt: skip
        if request.key:
            fields["conversation"] = request.key
        fields |= HOSTILE_FIELDS if request.hostile else request.tenant.client_fields
        if reason:
            fields["details"] = reason
        level = "info" if code in (200, 499) else "warn" if code < 500 else "error"
        self._write(level, "gateway", "gateway-0", f"POST {request.route.path}", fields, trace_id)

    def _trace(self, attempt: Attempt, code: int, trace_id: str) -> None:
        assert self._spans is not None
        request = attempt.request
        now = self._kernel.now
        tenant = self._cast.shown(request.tenant.id)
        received = attempt.received_us
        spans = [TraceSpan(name=f"POST {request.route.path}", service="gateway", start_us=received, end_us=now, depth=0,
                      attributes=(("http.response.status_code", code), ("tenant", tenant),
                                           ("http.request.resend_count", attempt.number - 1)))]  # fmt: skip
        dispatched = attempt.dispatched_us
        staged = attempt.received_us
        for stage, start, end in attempt.marks or ():
            spans.append(TraceSpan(name=stage, service=stage, start_us=start, end_us=end, depth=1))
            staged = max(staged, end)
        waited = dispatched if dispatched != NEVER else now
        if waited > staged and attempt.at is None:
            spans.append(TraceSpan(name="flow-control queue", service="gateway", start_us=staged, end_us=waited,
                                   depth=1))  # fmt: skip
        if dispatched != NEVER:
            # the engine stamps its spans with its own host's clock
            served = attempt.served
            ahead = self.skew_us(served.id) if self.skew_us is not None and served is not None else 0
            spans.append(TraceSpan(name="chat", service="vllm", start_us=dispatched + ahead, end_us=now + ahead,
                                   depth=1, attributes=(
                ("gen_ai.operation.name", "chat"), ("gen_ai.usage.input_tokens", attempt.prompt),
                ("gen_ai.usage.output_tokens", attempt.output if code == 200 else 0),
                ("gen_ai.request.max_tokens", request.max_tokens),
                ("vllm.preemptions", attempt.restarts))))  # fmt: skip
            admitted = attempt.admitted_us if attempt.admitted_us != NEVER else now
            first = attempt.first_us if attempt.first_us != NEVER else now
            for name, start, end in (("queue", dispatched, admitted), ("prefill", admitted, first),
                                     ("decode", first, now)):  # fmt: skip
                if end > start:
                    spans.append(TraceSpan(name=name, service="vllm", start_us=start + ahead, end_us=end + ahead,
                                           depth=2))  # fmt: skip
        self._spans.add(Trace(trace_id=trace_id, tenant=tenant, start_us=attempt.received_us, end_us=now,
                              status=str(code), spans=tuple(spans)))  # fmt: skip
