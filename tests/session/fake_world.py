"""A small deterministic world with the real world's interface: one queue, served a little too slowly.

Arrivals come every 50 ms from one tenant; service depends on replicas and a limit. A fault halves it at
T+10 s. It emits metrics, logs, traces, an alert, a page, effects and checkpoints, so that everything a
session does can be tried against it in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from incidentsim.client_api import Health
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.events import (
    AlertFired,
    CheckpointTaken,
    EffectObserved,
    Fact,
    FaultChanged,
    MessageReceived,
    Paged,
)
from incidentsim.exact import Draws, RollingDigest, sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.telemetry.alerts import AlertStatus
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.spans import SpanStore, Trace, TraceSpan
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.edge.billing import Bill

BEAT_US = 50_000
SCRAPE_US = 5_000_000
CHECKPOINT_US = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeChange:
    """An entry of the change log."""

    id: str = "CHG-1"
    t_us: int = -60_000_000
    kind: str = "config"
    target: str = "gateway"
    actor: str = "platform"
    summary: str = "admission changed"
    detail: tuple[str, ...] = ("admission: tokens -> requests",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeComponent:
    """A node of the topology."""

    name: str
    kind: str
    health: Health
    summary: str
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A submitted command that has not applied yet."""

    t_us: int
    k: int
    ref: int
    command: Command


class FakeWorld:
    """See the module's text. Everything is a function of (scenario, seed, commands)."""

    def __init__(self, scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool = True) -> None:
        self.scenario = scenario
        self.cast = cast
        self.now_us = -scenario.prelude
        self.telemetry = telemetry
        self.metrics = SeriesStore()
        self.logs = LogStore()
        self.spans = SpanStore()
        self.replicas, self.queue, self.offered, self.bad = 8, 0, 0, 0
        self.fault = self.firing = self.limited = False
        self._draws = Draws(seed, "fake", "arrivals")
        self._pending: list[Pending] = []
        self._credit = 0
        self._former: dict[int, str] = {}
        self._facts: list[Fact] = []
        self._dyn, self._tel = RollingDigest(), RollingDigest()
        self._registry = Registry()
        self._slo = f"ttft/{scenario.tenants[0].id}"
        self._build_metrics()

    @property
    def alerts(self) -> Sequence[AlertStatus]:
        """One alert on the queue."""
        return [
            AlertStatus(
                name="QueueDepth",
                state="firing" if self.firing else "inactive",
                severity="page",
                since_us=0,
                value=float(self.queue),
                labels={},
                summary="long queue",
                expr="queue > 50",
                silenced=False,
            )
        ]

    def advance(self, to_us: int) -> None:
        """Process every beat and command up to and with `to_us`."""
        assert to_us >= self.now_us
        while True:
            beat = (self.now_us // BEAT_US + 1) * BEAT_US
            if beat > to_us:
                break
            self.now_us = beat
            self._beat(beat)
        self.now_us = to_us

    def submit(self, command: Command, *, t_us: int, k: int, ref: int) -> None:
        """Queue a command for its tick."""
        assert t_us > self.now_us
        assert not command.dry_run
        self._pending.append(Pending(t_us=t_us, k=k, ref=ref, command=command))
        self._pending.sort(key=lambda p: (p.t_us, p.k))

    def check(self, command: Command) -> None:
        """Refuse more replicas than there are GPUs."""
        if command.verb == "scale" and int(command.args["count"]) > 16:
            raise CommandError("the quota is 16 GPUs")

    def preview(self, command: Command) -> tuple[str, ...]:
        """Say what would be touched."""
        return (f"{command.verb}: 1 target", "users touched now: 3")

    def resolve(self, command: Command) -> Command:
        """Give a question its topic."""
        if command.verb != "ask":
            return command
        return replace(command, args={**command.args, "topic": "changes"})

    def inverse(self, command: Command, ref: int) -> Command:
        """Scale back; everything else is irreversible."""
        if command.verb != "scale" or ref not in self._former:
            raise CommandError(f"{command.verb} can't be undone")
        return Command(verb="scale", args={**command.args, "count": self._former[ref]})

    def facts(self) -> list[Fact]:
        """Return what happened since the last call."""
        facts, self._facts = self._facts, []
        return facts

    def inspect(self, shown_name: str) -> tuple[str, ...]:
        """Return two lines."""
        return (f"{shown_name}", f"replicas={self.replicas}")

    def changes(self) -> list[FakeChange]:
        """Return the one change."""
        return [FakeChange()]

    def costs(self, since_us: int) -> list[Bill]:
        return []

    def topology(self) -> list[FakeComponent]:
        """Return two nodes."""
        return [
            FakeComponent(
                name="gateway", kind="gateway", health="ok", summary="20 rps", edges=(("chat-pool", "20/s"),)
            ),
            FakeComponent(name="chat-pool", kind="pool", health="warn", summary=f"queue {self.queue}"),
        ]

    def sli(self) -> dict[str, list[int]]:
        """Return offered and bad."""
        return {self._slo: [self.offered, self.bad]}

    def cost_microdollars(self) -> int:
        """Return a cost that grows with time and replicas."""
        return (self.now_us + self.scenario.prelude) // 1_000_000 * self.replicas

    def violations(self) -> tuple[str, ...]:
        """Return no broken invariant: this world has none."""
        return ()

    def root_causes_present(self) -> dict[str, bool]:
        """Return whether the fault is there and not covered by a limit."""
        return {cause.id: self.fault and not self.limited for cause in self.scenario.root_causes}

    def dyn_digest(self) -> str:
        """Return the digest of the dynamics."""
        return self._dyn.hex()

    def state_digest(self) -> str:
        """Return what decides the future, as text."""
        waiting = [[p.t_us, p.command.verb] for p in self._pending]
        return str([self.now_us, self.replicas, self.queue, self.offered, self.bad, self.fault, self.limited,
                    self._credit, waiting])  # fmt: skip

    def part_names(self) -> tuple[str, ...]:
        """Return the parts of this world: its queue, and what it was set to."""
        return ("queue", "settings")

    def tel_digest(self) -> str:
        """Return the digest of what was emitted."""
        return self._tel.hex()

    def vocabulary(self) -> Vocabulary:
        """Return the names of the fake stack."""
        tenants = tuple(self.cast.shown(t.id) for t in self.scenario.tenants)
        return Vocabulary(
            components={
                "gateway": "gateway",
                "chat-pool": "pool",
                **{f"tenant.{t}": "tenant" for t in tenants},
            },
            tenants=tenants,
            pools=("chat-pool",),
            replicas=("chat-pool-0",),
            people=("platform",),
            metrics=tuple(self.metrics.names()),
            changes=("CHG-1",),
            alerts=("QueueDepth",),
            runbooks=tuple(self.scenario.runbooks),
            services=("gateway",),
            causes=(
                ("gateway", "length_blind_admission"),
                ("chat-pool", "bad_image"),
                ("chat-pool", "engine_hang"),
            ),
        )

    def _beat(self, t_us: int) -> None:
        while self._pending and self._pending[0].t_us <= t_us:
            self._apply(self._pending.pop(0))
        if t_us == 0:
            self._facts.append(Paged(t_us=t_us, text="chat is slow", source="alerts"))
        if t_us == 10_000_000:
            self.fault = True
            self._facts.append(FaultChanged(t_us=t_us, component="chat-pool", kind="bad_image", state="on"))
        index = (t_us + self.scenario.prelude) // BEAT_US
        arrived = self._draws.below(index, 3)
        self._credit += self.replicas * (1 if self.fault else 2) + (8 if self.limited else 0)
        served, self._credit = divmod(self._credit, 12)
        self.offered += arrived
        self.queue = max(self.queue + arrived - served, 0)
        self.bad += arrived if self.queue > 20 else 0
        self._dyn.add_json([t_us, self.queue, self.replicas, self.limited])
        if self.queue > 50 and not self.firing:
            self.firing = True
            self._facts.append(
                AlertFired(t_us=t_us, alert="QueueDepth", severity="page", labels={}, summary="long queue")
            )
        if t_us % SCRAPE_US == 0 and self.telemetry:
            self._scrape(t_us)
        if t_us % CHECKPOINT_US == 0:
            self._facts.append(
                CheckpointTaken(
                    t_us=t_us,
                    dyn=self.dyn_digest(),
                    tel=self.tel_digest(),
                    sli=self.sli(),
                    cost_microdollars=self.cost_microdollars(),
                    parts=self._parts(),
                )
            )

    def _parts(self) -> str:
        texts = (str(self.queue), f"{self.replicas} {self.limited}")
        return "".join(sha256_hex(text)[:4] for text in texts)

    def _apply(self, pending: Pending) -> None:
        command = pending.command
        self._dyn.add_json([pending.t_us, command.verb, list(command.args.values())])
        if command.verb == "scale":
            self._former[pending.ref] = str(self.replicas)
            self.replicas = int(command.args["count"])
        elif command.verb == "limit":
            self.limited = True
        elif command.verb == "ask":
            text = f"about {command.args['topic']}: CHG-1"
            self._facts.append(MessageReceived(t_us=pending.t_us, who="platform", text=text, ref=pending.ref))
        text = f"{command.verb} applied"
        self._facts.append(EffectObserved(t_us=pending.t_us, ref=pending.ref, stage="done", text=text))

    def _scrape(self, t_us: int) -> None:
        self._requests.value, self._bad_requests.value = self.offered, self.bad
        self._tel.add(self.metrics.scrape(t_us, self._registry))
        self.logs.emit(
            t_us,
            "warn" if self.queue > 20 else "info",
            "gateway",
            "gw-0",
            "queue depth",
            {"queue": self.queue},
        )
        number = (t_us + self.scenario.prelude) // SCRAPE_US
        spans = (
            TraceSpan("request", "gateway", t_us - 900_000, t_us, 0),
            TraceSpan("decode", "chat-pool", t_us - 500_000, t_us, 1),
        )
        self.spans.add(Trace(f"trace{number:05d}", "a", t_us - 900_000, t_us, "ok", spans))

    def _build_metrics(self) -> None:
        def gauge(name: str, labels: dict[str, str], read: object) -> None:
            self._registry.gauge(name, labels, read, target="fake")  # type: ignore[arg-type]

        tenant = self.cast.shown(self.scenario.tenants[0].id)
        slo = self.scenario.slos[0].id
        gauge("inference_extension_flow_control_queue_size", {"fairness_id": tenant}, lambda: float(self.queue))
        gauge("vllm:kv_cache_usage_perc", {"model_name": "m", "engine": "0"}, lambda: min(self.queue / 100, 1.0))
        gauge("vllm:kv_cache_usage_perc", {"model_name": "m", "engine": "1"}, lambda: 0.5)
        gauge("gpu_cost_dollars_per_hour", {"pool": "chat-pool"}, lambda: 3.5 * self.replicas)
        labels = {"slo": slo, "tenant": tenant}
        self._requests = self._registry.counter("slo_requests_total", labels, target="fake")
        self._bad_requests = self._registry.counter("slo_bad_requests_total", labels, target="fake")
