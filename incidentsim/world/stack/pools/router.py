"""Chooses the replica for an admitted request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.specs.knobs import format_duration
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.reports import Reports
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool

REPORTED: Final = ("kv_aware", "prefix_aware", "length_aware")
"""Policies that believe reported metrics."""

MOST_HOMES: Final = 50_000
"""Sessions and prefixes whose replica is remembered; the one longest unused goes."""


class Router(Component):
    """The first policies count what the gateway itself has in flight; REPORTED ones believe the last scrape.

    Those do as the endpoint picker of the Gateway API inference extension: of the replicas with room, keep those
    in the first n-th of the range of loads (least-kv-cache-filter), and pick one of these at random, so that not
    everybody runs to the same one until the next scrape. `homes` remembers who had a session or prefix last.
    """

    def __init__(self, kernel: Kernel, store: SeriesStore, seed: int, kv_name: str) -> None:
        super().__init__("router")
        self._policy = self.text_knob("policy")
        self._turns: dict[str, int] = {}
        self._kernel = kernel
        self._reads = False
        self._max_age_us = 0
        self._pick = Draws(seed, "router", "pick")
        self._homes: dict[tuple[object, ...], str] = {}
        self._pools: dict[str, Pool] = {}
        self.reports = Reports(store, kv_name)

    def changed(self, name: str) -> None:
        """Take a new policy."""
        self._policy = self.text_knob("policy")
        self._reads = self._policy in REPORTED
        self._max_age_us = self.int_knob("max_metric_age")

    def status(self) -> list[str]:
        """Return, for policies that read reports, what they say of each replica."""
        if not self._reads:
            return []
        lines, now = [], self._kernel.now
        for pool in self._pools.values():
            for pod in pool.routable:
                report = self.reports.of(pod)
                if report.kv_ppm is None:
                    lines.append(f"{pod.id}: no metrics")
                else:
                    age = format_duration(max(0, now - report.changed_us) // 1_000_000 * 1_000_000)
                    lines.append(f"{pod.id}: kv {report.kv_ppm / 10_000:.1f} %, {report.waiting} waiting, "
                                 f"unchanged for {age}")  # fmt: skip
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its policy and the pools it serves."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=self.describe()[0],
                              edges=tuple((pool, "") for pool in self._turns))  # fmt: skip

    def held(self) -> int:
        """Return the homes that it remembers."""
        return len(self._homes)

    def state(self) -> list[object]:
        """Return what defines the router."""
        return [*super().state(), list(self._turns.values()), len(self._homes)]

    def serve(self, pool: Pool) -> None:
        """Make a pool known."""
        self._turns[pool.id] = 0
        self._pools[pool.id] = pool

    def scraped(self) -> None:
        """Take over what monitoring reports from now on."""
        for pool in self._pools.values():
            self.reports.scraped(pool.pods, self._kernel.now)

    def choose(self, pool: Pool, attempt: Attempt, most_requests: int, most_tokens: int) -> Pod | None:
        """Return the pod of `pool` for this request among those with room, or None. Ties go round.

        A pod has room with fewer than `most_requests` in flight, and when the request's tokens fit under
        `most_tokens` (or nothing else is in flight there). Each is -1 when it does not count.
        """
        pods = pool.routable
        count = len(pods)
        if not count:
            return None
        tokens = attempt.tokens
        policy = self._policy
        if self._reads and (policy != "length_aware" or attempt.prompt >= self.int_knob("long_prompt")):
            room = [p for p in pods if not (p.requests >= most_requests >= 0
                                            or (p.requests and p.tokens + tokens > most_tokens >= 0))]  # fmt: skip
            return self._by_reports(pool, attempt, room) if room else None
        by_tokens = policy == "least_tokens"
        first_fit = policy == "round_robin"
        best: Pod | None = None
        best_load = best_step = 0
        turn = self._turns[pool.id]
        start = turn % count
        for i in range(count):
            pod = pods[(start + i) % count]
            requests = pod.requests
            if requests >= most_requests >= 0 or (requests and pod.tokens + tokens > most_tokens >= 0):
                continue
            load = pod.tokens if by_tokens else requests
            if best is None or load < best_load:
                best, best_load, best_step = pod, load, i + 1
                if first_fit or load == 0:
                    break
        if best is not None:
            self._turns[pool.id] = turn + (best_step if first_fit else 1)
        return best

    # -- by what is reported --------------------------------------------------------------------------------

    def _by_reports(self, pool: Pool, attempt: Attempt, room: list[Pod]) -> Pod:
        now = self._kernel.now
        known: list[tuple[int, Pod]] = []
        blind: list[Pod] = []
        for pod in room:
            load = self.reports.load_ppm(pod, now, self._max_age_us)
            if load is None:
                blind.append(pod)
            else:
                known.append((load, pod))
        request = attempt.request
        key = ((request.index << 6 | request.tenant.number) << 8 | attempt.number << 3 | attempt.gateway_retries) << 1
        mode = self.text_knob("missing_metrics")
        if blind and mode == "treat_as_zero":
            known += [(0, pod) for pod in blind]
        elif blind and (not known or (mode == "random" and self._pick.below(key, len(room)) < len(blind))):
            return self._remember(pool, attempt, blind[self._pick.below(key + 1, len(blind))])
        home = self._home(pool, attempt, known) if self._policy == "prefix_aware" else None
        if home is not None:
            return self._remember(pool, attempt, home)
        loads = [load for load, _ in known]
        lowest = min(loads)
        # long prompts go to the emptiest one; others spread over all that are about as empty
        span = 0 if self._policy == "length_aware" else (max(loads) - lowest) // len(known)
        near = [pod for load, pod in known if load <= lowest + span]
        return self._remember(pool, attempt, near[self._pick.below(key + 1, len(near))])

    def _home(self, pool: Pool, attempt: Attempt, known: list[tuple[int, Pod]]) -> Pod | None:
        """Return the replica that had this session, or most of this prefix, unless it is too much fuller."""
        for name, share_ppm in _affinities(attempt):
            home = self._homes.get((pool.id, *name))
            found = next(((load, pod) for load, pod in known if pod.id == home), None)
            if found is not None:
                bonus = self.int_knob("stickiness") * share_ppm // 1_000_000
                return found[1] if found[0] - bonus <= min(load for load, _ in known) else None
        return None

    def _remember(self, pool: Pool, attempt: Attempt, pod: Pod) -> Pod:
        if self._policy == "prefix_aware":
            homes = self._homes
            for name, _ in _affinities(attempt):
                key = (pool.id, *name)
                homes.pop(key, None)
                homes[key] = pod.id
            while len(homes) > MOST_HOMES:
                del homes[next(iter(homes))]
        return pod


def _affinities(attempt: Attempt) -> list[tuple[tuple[object, ...], int]]:
    """Return (name, share of the prompt in ppm) of what the attempt has in common with earlier ones, longest first."""
    request = attempt.request
    out: list[tuple[tuple[object, ...], int]] = []
    if request.session >= 0:
        out.append((("session", request.tenant.number, request.session), 1_000_000))
    for segment, upto in reversed(attempt.prefix or ()):
        out.append((("prefix", segment), min(1_000_000, upto * 1_000_000 // max(1, attempt.prompt))))
    return out
