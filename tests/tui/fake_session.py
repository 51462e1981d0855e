"""A synthetic session: curves, logs, alerts and events from arithmetic on the clock alone.

The terminal's tests, its demo and `benchmarks/tui_paint.py` drive the app with it. Nothing here models
anything; it only has the shape of a session.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.client_api import (
    Ack,
    AlertRow,
    ChangeRow,
    ClientEvent,
    ComponentRow,
    HypothesisRow,
    LogLine,
    LogPage,
    Objective,
    Phase,
    Series,
    SessionInfo,
    Snapshot,
    Span,
    Tile,
    View,
)
from incidentsim.errors import QueryError
from incidentsim.specs.verbs import VERBS
from incidentsim.specs.vocabulary import Vocabulary

SECOND = 1_000_000
PRELUDE = 720 * SECOND

HOSTILE = "[red]boom[/] \x1b[31mESC\x1b]0;t\x07 \u202eevil\u202c \u200bzero [/nope]"
"""Text that would colour, retitle, reorder or crash a terminal that renders it raw or as markup."""


def wave(t_us: int, seed: int) -> float:
    """Return a value in 0..1 that wanders with time: a triangle with deterministic noise."""
    t = t_us // SECOND
    noise = ((t * 2654435761 + seed * 40503) >> 7) % 97 / 97
    phase = (t + seed * 37) % 240
    triangle = phase / 120 if phase < 120 else 2 - phase / 120
    trouble = min(1.0, max(0.0, (t + 120) / 240))
    return 0.25 * triangle + 0.15 * noise + 0.6 * trouble


TILES = (
    ("ttft", "p95 TTFT, strategic", "s", 1.0, 4.0, 2.0, "p95_ttft"),
    ("tokens", "tokens out/s", "tok/s", 20_000.0, 22_000.0, None, "tokens_rate"),
    ("queue", "gateway queue", "req", 0.0, 420.0, None, "queue_size"),
    ("kv", "KV cache used", "ratio", 0.4, 0.59, None, "kv_usage"),
    ("preempt", "preemptions/s", "1/s", 0.0, 9.0, None, "preemptions"),
    ("errors", "answers 5xx", "ratio", 0.0, 0.021, 0.01, "errors_ratio"),
)


class FakeSession:
    """One synthetic incident. `advance` moves its clock; nothing else does."""

    def __init__(self, *, lines_per_second: int = 4, hostile: bool = False, ended: bool = False) -> None:
        self.t_us = -PRELUDE
        self.lines_per_second = lines_per_second
        self.hostile = hostile
        self.paused = False
        self.speed = 1.0
        self.ended = ended
        self.acknowledged = False
        self.severity = ""
        self.views: list[str] = []
        self.submitted: list[str] = []
        self.controls: list[tuple[str, float]] = []
        self.hypotheses: list[HypothesisRow] = []
        self._events: list[ClientEvent] = []
        self._due: list[tuple[int, str, dict[str, object]]] = [
            (-300 * SECOND, "change", {"change": "CHG-1042", "summary": self._text("waive limits for Mercer"),
                                       "actor": "account-manager"}),
            (-60 * SECOND, "alert_fired", {"alert": "QueueDepth", "severity": "ticket", "labels": {},
                                           "summary": self._text("gateway queue above 200")}),
            (0, "page", {"text": self._text("TTFT burn rate is 6x: chat is slow"), "source": "alerts"}),
            (1 * SECOND, "alert_fired", {"alert": "TTFTBurnRateFast", "severity": "page", "labels": {},
                                         "summary": self._text("6x burn over 5 m")}),
            (40 * SECOND, "message", {"who": "customer-success", "ref": 0,
                                      "text": self._text("three customers report slow chat since 12:04")}),
        ]  # fmt: skip
        self._seq = 0
        if ended:
            self.t_us = 1800 * SECOND
        self._happen()

    def _text(self, plain: str) -> str:
        return f"{plain} {HOSTILE}" if self.hostile else plain

    def advance(self, by_us: int) -> None:
        """Move the clock; what is due happens."""
        self.t_us += by_us
        self._happen()

    def _happen(self) -> None:
        while self._due and self._due[0][0] <= self.t_us:
            t_us, kind, body = self._due.pop(0)
            self.emit(kind, body, t_us=t_us)

    def emit(self, kind: str, body: dict[str, object], *, t_us: int | None = None, actor: str = "world") -> int:
        """Append one event and return its number."""
        self._seq += 1
        at = self.t_us if t_us is None else t_us
        self._events.append(ClientEvent(seq=self._seq, t_us=at, type=kind, actor=actor, body=dict(body)))
        return self._seq

    def info(self) -> SessionInfo:
        """Return what does not change."""
        return SessionInfo(
            session_id="s-1",
            scenario="slow-chat",
            title=self._text("Chat answers start late"),
            level="mid",
            briefing=self._text(
                "You are on call for **chat-pool**.\n\n- eight replicas\n- one gateway\n\nUse `query` first."
            ),
            page=self._text("TTFTBurnRateFast: 6x burn over 5 m on chat for strategic customers"),
            duration_us=1800 * SECOND,
            prelude_us=PRELUDE,
            tick_us=100_000,
            role="candidate",
            objectives=(
                Objective(name="ttft", text=self._text("first token within 2 s"), target=0.95),
                Objective(name="availability", text="no 5xx", target=0.999),
            ),
            team=(
                ("platform", self._text("runs gateway and pools"), "channel"),
                ("account-manager", "knows contracts and waivers", "page"),
            ),
            diagram=("clients ─▶ gateway ─▶ router ─▶ chat-pool (8)", "                └─▶ rate limits"),
            rules=("Look before you act.", "Effects on users are scored, not command names."),
            transcript_path="sessions/s-1.jsonl",
        )

    def vocabulary(self) -> Vocabulary:
        """Return the names known now."""
        return Vocabulary(
            components={
                "gateway": "gateway",
                "router": "router",
                "chat-pool": "pool",
                "mercer-labs": "tenant",
            },
            tenants=("mercer-labs", "acme"),
            pools=("chat-pool",),
            replicas=tuple(f"chat-pool-{n}" for n in range(8)),
            people=("platform", "account-manager"),
            metrics=("gateway_tokens_total", "vllm:kv_cache_usage_perc", *(t[6] for t in TILES)),
            labels={"tenant": ("mercer-labs", "acme")},
            changes=("CHG-1042", "CHG-1044"),
            waivers=("CHG-1042",),
            alerts=("TTFTBurnRateFast", "QueueDepth"),
            runbooks=("ttft-slo", "kv-pressure"),
            services=("gateway", "chat-pool", "router"),
            causes=(("gateway", "length_blind_admission"), ("mercer-labs", "context_growth")),
        )

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Accept a known verb; the answer has a view for looks, and an effect follows an act."""
        verb = text.split(" ", 1)[0]
        spec = VERBS.get(verb)
        if spec is None:
            why = f"no verb {verb!r} (did you mean 'scale'?)"
            return Ack(accepted=False, seq=0, t_us=self.t_us, k=0, text=self._text(why))
        self.submitted.append(text)
        seq = self.emit("accepted", {"verb": verb, "text": text}, actor="candidate")
        view = None
        if spec.group == "look":
            lines = tuple(self._text(f"{verb} line {n}: value {n * 7 % 5}") for n in range(6))
            spans = (
                (
                    Span(name="request", service="gateway", start_us=0, end_us=4_000_000, depth=0),
                    Span(name="queue", service="gateway", start_us=0, end_us=2_500_000, depth=1),
                    Span(name="prefill", service="chat-pool-3", start_us=2_500_000, end_us=3_000_000, depth=1),
                )
                if verb == "trace"
                else ()
            )
            view = View(kind=verb, title=text, lines=lines, spans=spans)
        elif spec.group == "act":
            self._due.insert(0, (self.t_us + 5 * SECOND, "effect", {
                "ref": seq, "stage": "done", "text": self._text(f"{verb} took effect")}))  # fmt: skip
            self._due.sort(key=lambda entry: entry[0])
        elif verb == "ack":
            self.acknowledged = True
        elif verb == "declare":
            self.severity = text.split()[1]
        elif verb == "resolve":
            self.ended = True
        elif verb == "hypothesis":
            self.hypotheses.append(
                HypothesisRow(
                    number=len(self.hypotheses) + 1, t_us=self.t_us, statement=self._text(text[11:]),
                    cause="gateway:length_blind_admission", p=0.6, state="open",
                )
            )  # fmt: skip
        return Ack(accepted=True, seq=seq, t_us=self.t_us, k=0, text=self._text("recorded"), view=view)

    async def view_opened(self, screen: str) -> None:
        """Note the screen."""
        self.views.append(screen)

    async def control(self, action: str, value: float = 0.0) -> None:
        """Pause, resume, speed, abandon."""
        self.controls.append((action, value))
        if action in ("pause", "resume"):
            self.paused = action == "pause"
        elif action == "speed":
            self.speed = value
        elif action == "abandon":
            self.ended = True

    async def wait_until(self, t_us: int) -> bool:
        """Jump there."""
        if t_us > self.t_us:
            self.advance(t_us - self.t_us)
        return not self.ended

    def events(self, since_seq: int = -1) -> Sequence[ClientEvent]:
        """Return newer events."""
        return self._events[max(0, since_seq) :]

    def snapshot(self) -> Snapshot:
        """Return the state now."""
        t = self.t_us
        phase: Phase = "ended" if self.ended else "prelude" if t < 0 else "live"
        share = wave(t, 1)
        alerts = [
            AlertRow(
                name=str(e.body["alert"]), state="firing", severity=str(e.body["severity"]), since_us=e.t_us,
                summary=str(e.body["summary"]), expr="x > 1",
            )
            for e in self._events
            if e.type == "alert_fired"
        ]  # fmt: skip
        alerts.append(
            AlertRow(
                name="KVPressure",
                state="inactive",
                severity="ticket",
                since_us=0,
                summary="",
                expr="kv > 0.9",
            )
        )
        return Snapshot(
            t_us=t,
            phase=phase,
            paused=self.paused,
            speed=self.speed,
            severity=self.severity,
            acknowledged=self.acknowledged,
            burn=share * 8,
            budget_left=max(0.0, 0.9 - max(0, t) / (3600 * SECOND)),
            cost_per_hour=412.0,
            tiles=tuple(
                Tile(
                    key=key,
                    title=self._text(title),
                    unit=unit,
                    promql=query,
                    value=low + (high - low) * wave(t, seed) if t > -PRELUDE else None,
                    trend=wave(t, seed) - wave(t - 60 * SECOND, seed),
                    health="bad" if seed in (0, 3) and t > 0 else "warn" if seed == 2 and t > 0 else "ok",
                    band=(low + (high - low) * 0.05, low + (high - low) * 0.35),
                    objective=objective,
                )
                for seed, (key, title, unit, low, high, objective, query) in enumerate(TILES)
            ),
            alerts=tuple(alerts),
            components=(
                ComponentRow(name="gateway", kind="gateway", health="warn", summary=self._text("queue 212"),
                             edges=(("router", "52 req/s"),)),
                ComponentRow(name="router", kind="router", health="ok", summary="least_outstanding",
                             edges=(("chat-pool", "52 req/s"),)),
                ComponentRow(name="chat-pool", kind="pool", health="bad", summary="8 replicas, KV 0.97"),
                *(ComponentRow(name=f"chat-pool-{n}", kind="replica", health="ok", summary="96 running")
                  for n in range(8)),
            ),
            changes=(
                ChangeRow(id="CHG-1042", t_us=-300 * SECOND, kind="waiver", target="mercer-labs",
                          actor="account-manager", summary=self._text("waive token limit"),
                          detail=("- token_limit: 300k/min", "+ token_limit: unlimited", "no expiry")),
                ChangeRow(id="CHG-1044", t_us=-86_400 * SECOND, kind="deploy", target="router", actor="ops",
                          summary="router 2.3.1", detail=()),
            ),
            hypotheses=tuple(self.hypotheses),
            runbooks=(
                ("ttft-slo", self._text("# TTFT over its SLO\n\n1. Look at `queue`\n\n```\nquery x\n```\n\n"
                                        "Then `limit NAME tokens 300k`.")),
                ("kv-pressure", "# KV pressure\n- look at preemptions"),
            ),
            last_seq=self._seq,
            log_index=self._log_end(),
        )  # fmt: skip

    def chart(self, promql: str, start_us: int, end_us: int, step_us: int) -> tuple[Series, ...]:
        """Return one curve for a tile's query, three for anything with `by`."""
        if promql.count("(") != promql.count(")"):
            raise QueryError(self._text(f"unclosed parenthesis in {promql!r}"))
        names = ["mercer-labs", "acme", "others"] if "by" in promql else [""]
        found = [(seed, tile) for seed, tile in enumerate(TILES) if tile[6] == promql]
        seed, (low, high) = (found[0][0], found[0][1][3:5]) if found else (5, (0.0, 100.0))
        return tuple(
            Series(
                labels={"tenant": self._text(name)} if name else {"__name__": promql},
                points=tuple(
                    (t, low + (high - low) * wave(t, seed + number * 3) / (number + 1))
                    for t in range(max(start_us, -PRELUDE), min(end_us, self.t_us) + 1, step_us)
                ),
            )
            for number, name in enumerate(names)
        )

    def _log_end(self) -> int:
        return (self.t_us + PRELUDE) * self.lines_per_second // SECOND

    def line(self, index: int) -> LogLine:
        """Return the log record with this index."""
        mixed = (index * 2654435761 >> 9) & 0xFFFF
        level = ("INFO", "INFO", "INFO", "DEBUG", "INFO", "WARN", "INFO", "INFO", "ERROR", "INFO")[mixed % 10]
        service, host = (("gateway", "gw-1"), ("chat-pool", f"chat-pool-{mixed % 8}"), ("router", "rt-0"))[mixed % 3]
        message = ("preempted sequence", "request finished", "queue wait exceeded", "upstream 503")[mixed % 4]
        return LogLine(
            index=index,
            t_us=index * SECOND // self.lines_per_second - PRELUDE,
            level=level,
            service=service,
            host=host,
            message=self._text(message),
            fields={
                "tenant": ("mercer-labs", "acme")[mixed % 2],
                "blocks": str(mixed % 512),
                "ttft_ms": str(mixed % 4000),
            },
            trace_id=f"{mixed:08x}" if mixed % 5 == 0 else "",
        )

    def logs(self, filter_text: str, *, after: int = -1, limit: int = 500) -> LogPage:
        """Return matching lines; only levels, services and plain words are understood."""
        if filter_text.count('"') % 2:
            raise QueryError("unclosed quote in the filter")
        end = self._log_end()
        start = max(0, end - limit) if after < 0 else after + 1
        lines: list[LogLine] = []
        hidden, index = 0, start
        while index < end and len(lines) < limit:
            line = self.line(index)
            if all(self._matches(line, term) for term in filter_text.split()):
                lines.append(line)
            else:
                hidden += 1
            index += 1
        return LogPage(lines=tuple(lines), next_index=index - 1, hidden=hidden)

    @staticmethod
    def _matches(line: LogLine, term: str) -> bool:
        negate = term.startswith("-")
        term = term.lstrip("-")
        if term.startswith("level>="):
            order = ("debug", "info", "warn", "error")
            found = order.index(line.level.lower()) >= order.index(term[7:])
        elif term.startswith("svc:"):
            found = line.service == term[4:]
        else:
            found = term in line.message
        return found != negate
