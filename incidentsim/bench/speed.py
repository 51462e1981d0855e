"""S1 to S5: how fast the engine and the whole stack are, as ratios to bare SimPy, and how much memory they take.

Each measured run is a fresh process that takes turns with a fresh calibrator (`processes.measure`); figures are
medians of several rounds. Times are CPU seconds, since wall time on a shared machine measures the others; wall
seconds are in `how` and judge nothing.
"""

from __future__ import annotations

from statistics import median

from incidentsim.bench.figure import Bound, Figure, Settings
from incidentsim.bench.processes import Measured, child, measure
from incidentsim.bench.subject import BESIDE, SUBJECT
from incidentsim.errors import UsageError
from incidentsim.session.branching import can_fork

ROUNDS, ROUNDS_QUICK = 5, 1
STACK_ROUNDS = 3
REPLICAS = 8
RATE = 64.0
"""Requests per second of S1, over all replicas."""

REQUESTS, REQUESTS_QUICK = 60_000, 12_000

HALF_RATE = 40.0
"""Requests per second of S3: half of what eight replicas can do with these lengths (80 per second)."""

RATE_AT_DOUBLE = 0.55
"""With outputs twice as long, this share of HALF_RATE keeps as many sequences running (19.3 per replica in both)."""

TENTH_RATE = 8.0
TENTH_REQUESTS = 20_000
MINUTES, MINUTES_QUICK = 45, 6
SLICES = 15
BRANCH_MINUTE, BRANCH_MINUTE_QUICK = 20, 3
PLANS, PLANS_QUICK = 20, 4
CHECKED, CHECKED_QUICK = 2, 1
WORKERS = 2


_Pair = tuple[Measured, Measured]
"""One round: with telemetry, and without."""


class Speed:
    """The speed figures of one run of the benchmark; S2 and S4 share their measurement."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack: list[_Pair] = []

    def engine(self) -> Figure:
        """S1: replicas and kernel alone."""
        runs = self._engines("S1", rate=RATE, output_factor=1.0)
        events, requests = (median(run.ratio(what) for run in runs) for what in ("events", "requests"))
        per_s = median(run.counts["requests"] / run.cpu_s for run in runs)
        return Figure(
            id="S1",
            bounds=(
                Bound(name="events_per_bare_timeout", value=events, sense=">=", limit=0.40),
                Bound(name="requests_per_bare_timeout", value=requests, sense=">=", limit=0.05),
            ),
            how=f"{REPLICAS} engines (8B, A100) fed {RATE:g} requests/s in turn, lengths of a recorded run, nothing "
            f"else on the kernel; {per_s:,.0f} requests per CPU second; {_bare(runs)}",
        )

    def stack(self) -> Figure:
        """S2: the default stack for 45 minutes, telemetry on and off."""
        pairs = self._stack_runs()
        self._settings.tell(f"S2: the stack {BESIDE} beside")
        beside = _Costs([self._pair(BESIDE)])
        found = _Costs(pairs)
        on, off = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return Figure(
            id="S2",
            bounds=(
                Bound(name="events_per_bare_timeout", value=found.events, sense=">=", limit=0.30),
                Bound(name="events_per_request", value=found.each, sense="<=", limit=16),
                Bound(name="telemetry_off_time", value=found.off_time, sense="<=", limit=0.5),
            ),
            beside=(
                ("requests_per_bare_timeout", found.requests),
                (f"{BESIDE}_events_per_bare_timeout", beside.events),
                (f"{BESIDE}_events_per_request", beside.each),
                (f"{BESIDE}_requests_per_bare_timeout", beside.requests),
                (f"{BESIDE}_telemetry_off_time", beside.off_time),
            ),
            how=f"{self._minutes} minutes of the stack {SUBJECT} without faults, scraped every 5 s, "
            f"{on[0].counts['requests']:,.0f} user requests: {median(run.cpu_s for run in on):.1f} CPU s "
            f"({median(run.wall_s for run in on):.1f} s wall), {median(run.cpu_s for run in off):.1f} CPU s without "
            f"telemetry (the two event goals together allow 0.0187 requests per bare timeout); {BESIDE}, one round: "
            f"{beside.cpu_s:.1f} CPU s; {_bare(on)}",
        )

    def output_length(self) -> Figure:
        """S3: work depends on requests, not on tokens."""
        settings = self._settings
        changes, held = [], (0.0, 0.0)
        for _ in range(settings.pick(ROUNDS, ROUNDS_QUICK)):
            single = self._engines("S3", rate=HALF_RATE, output_factor=1.0, rounds=1)[0]
            double = self._engines("S3", rate=HALF_RATE * RATE_AT_DOUBLE, output_factor=2.0, rounds=1)[0]
            changes.append(100 * (single.ratio("requests") / double.ratio("requests") - 1))
            held = (_held(single), _held(double))
        settings.tell("S3: 10 % load")
        light = measure("engines", replicas=REPLICAS, rate=TENTH_RATE, requests=settings.pick(TENTH_REQUESTS, 6_000),
                        output_factor=1.0, slices=4).counts  # fmt: skip
        all_events = light["iterations"] / light["events"]
        return Figure(
            id="S3",
            bounds=(
                Bound(name="time_change_pct", value=median(changes), sense="<=", limit=10),
                Bound(name="iterations_per_step_event", value=light["iterations"] / light["step_events"], sense=">=",
                      limit=15),
            ),
            how=f"engines alone at half load, CPU time per request with outputs twice as long and {held[1]:.1f} "
            f"sequences running per replica, against {held[0]:.1f}; rounds {', '.join(f'{c:+.1f}' for c in changes)} "
            "%; iterations per step event (cut ones included) at 10 % load; "
            f"{all_events:.1f} per kernel event when arrivals count, too",
        )  # fmt: skip

    def memory(self) -> Figure:
        """S4: the memory peak of S2's runs."""
        pairs = self._stack_runs()
        peak, off = max(on.peak_mb for on, _ in pairs), max(off.peak_mb for _, off in pairs)
        return Figure(
            id="S4",
            bounds=(Bound(name="peak_mb", value=peak, sense="<=", limit=200),),
            how="largest resident size of the processes that run S2, interpreter included; "
            f"{off:.0f} MB without telemetry",
        )

    def counterfactuals(self) -> Figure:
        """S5: what scoring needs, in the time of full runs: what two cores that do nothing else would take."""
        if not can_fork():
            raise UsageError("S5 branches by os.fork, which this platform lacks; leave it out with --only")
        settings = self._settings
        plans, checked = settings.pick(PLANS, PLANS_QUICK), settings.pick(CHECKED, CHECKED_QUICK)
        branch_minute = settings.pick(BRANCH_MINUTE, BRANCH_MINUTE_QUICK)
        full = [self._full_run()]
        settings.tell(f"S5: {plans} counterfactual runs")
        with child("counterfactuals", minutes=self._minutes, branch_minute=branch_minute, plans=plans,
                   workers=WORKERS, checked=checked) as work:  # fmt: skip
            shared, ran = work.step(), work.step()
            settings.tell("S5: full re-runs")
            compared = work.step()
        assert shared is not None
        assert ran is not None
        assert compared is not None
        full.append(self._full_run())
        one = sum(run["cpu_s"] for run in full) / len(full)
        wall_s = shared["wall_s"] + ran["wall_s"]
        return Figure(
            id="S5",
            bounds=(
                Bound(
                    name="time_in_full_runs",
                    value=(shared["cpu_s"] + ran["cpu_s"] / WORKERS) / one,
                    sense="<=",
                    limit=7,
                ),
                Bound(name="branches_unlike_full_runs", value=compared["wrong"], sense="==", limit=0),
            ),
            how=f"{plans} plans of one command each, of which {ran['different']:g} end differently, from minute "
            f"{branch_minute} to {self._minutes} on {WORKERS} processes, telemetry off: {shared['cpu_s']:.1f} CPU s "
            f"for the shared part, {ran['cpu_s']:.1f} for the branches, halved since two run at once; one full S2 "
            f"before and after: {full[0]['cpu_s']:.1f} and {full[1]['cpu_s']:.1f} CPU s. Wall, with what else runs: "
            f"{wall_s:.1f} s against {full[0]['wall_s']:.1f} and {full[1]['wall_s']:.1f} s. dyn digests of "
            f"{compared['checked']:g} branches compared with full re-runs",
        )

    # -- inside ---------------------------------------------------------------------------------------------

    @property
    def _minutes(self) -> int:
        return self._settings.pick(MINUTES, MINUTES_QUICK)

    def _engines(self, figure: str, *, rate: float, output_factor: float, rounds: int = 0) -> list[Measured]:
        settings = self._settings
        runs = []
        for i in range(rounds or settings.pick(ROUNDS, ROUNDS_QUICK)):
            settings.tell(f"{figure}: {rate:g} requests/s, outputs times {output_factor:g}, round {i + 1}")
            requests = settings.pick(REQUESTS, REQUESTS_QUICK)
            runs.append(measure("engines", replicas=REPLICAS, rate=rate, requests=requests, slices=SLICES,
                                output_factor=output_factor))  # fmt: skip
        return runs

    def _stack_runs(self) -> list[_Pair]:
        """Return rounds of (telemetry on, off), measured once."""
        settings = self._settings
        if not self._stack:
            rounds = []
            for i in range(settings.pick(STACK_ROUNDS, 1)):
                settings.tell(f"S2: telemetry on and off, round {i + 1}")
                rounds.append(self._pair(SUBJECT))
            self._stack = rounds
        return self._stack

    def _pair(self, name: str) -> _Pair:
        on, off = (measure("stack", stack_id=name, telemetry=telemetry, minutes=self._minutes, slices=SLICES)
                   for telemetry in (True, False))  # fmt: skip
        return on, off

    def _full_run(self) -> dict[str, float]:
        self._settings.tell("S5: one full run")
        with child("stack", telemetry=True, minutes=self._minutes, slices=1) as work:
            step = work.step()
        assert step is not None
        return step


class _Costs:
    """What rounds of (telemetry on, off) come to, in medians. `off_time` is a share of the full run's time."""

    def __init__(self, pairs: list[_Pair]) -> None:
        on = [pair[0] for pair in pairs]
        self.events, self.requests = (median(run.ratio(what) for run in on) for what in ("events", "requests"))
        self.each = on[0].counts["events"] / on[0].counts["requests"]
        self.cpu_s = median(run.cpu_s for run in on)
        self.off_time = median(b.cpu_s * b.bare_per_s / (a.cpu_s * a.bare_per_s) for a, b in pairs)


def _held(run: Measured) -> float:
    return run.counts["held_s"] / run.counts["scenario_s"] / REPLICAS


def _bare(runs: list[Measured]) -> str:
    return f"bare SimPy {median(run.bare_per_s for run in runs):,.0f} timeouts per CPU second, rounds {len(runs)}"
