"""The answer cache: questions asked before are answered at once; the rest go on to a model, and its answer is kept.

What a request asks is a keyed draw: a share of requests asks one of the tenant's common questions, the others something
new. Entries are kept by (tenant, question, salt) with the time they go bad, in the order they were stored.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import ResponseCachePart
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sli import SliBook

_ONE: Final = 1_000_000

NEW: Final = -1
"""A question nobody asked before."""

INTEGRITY_SAMPLE_PPM: Final = 100_000
"""Share of hits whose owner the integrity check compares."""

Key = tuple[int, int, int]
"""Tenant number, question, salt."""


class ResponseCache(Component):
    """`leak_ppm` of the hits are another tenant's; `unstable`: keys are never found again."""

    def __init__(
        self, part: ResponseCachePart, *, kernel: Kernel, gateway: Gateway, book: SliBook, registry: Registry,
        journal: Journal, seed: int,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.leak_ppm = 0
        self.unstable = False
        self._part = part
        self._kernel = kernel
        self._gateway = gateway
        self._book = book
        self._journal = journal
        self._asks = Draws(seed, part.id, "asks")
        self._luck = Draws(seed, part.id, "luck")
        self._born_us = kernel.now
        self._wiped_us: dict[int, int] = {}
        self._entries: dict[Key, int] = {}
        self._open: dict[Key, list[Attempt]] = {}
        self._keys: dict[Attempt, Key] = {}
        self._looking: dict[Attempt, None] = {}
        self.leaked = 0
        label = {"cache": part.id}
        self._hits = registry.counter("redis_keyspace_hits_total", label, target="redis")
        self._misses = registry.counter("redis_keyspace_misses_total", label, target="redis")
        self._coalesced = registry.counter("response_cache_coalesced_total", label, target="redis")
        self._mismatch = registry.counter("response_cache_key_mismatch_total", label, target="redis")
        registry.gauge("redis_db_keys", label, lambda: float(len(self._entries)), target="redis")
        gateway.on_answer.append(self._answered)

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Shrink to a smaller size; other settings are read when a request comes."""
        if name == "max_entries":
            self._trim()

    def purge(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._wipe(range(self._part.shards))

    def restart_shards(self, count: int) -> None:
        """Lose what the first `count` shards hold."""
        shards = self._part.shards
        self._entries = {k: v for k, v in self._entries.items() if _shard(k, shards) >= count}
        self._wipe(range(min(count, shards)))
        for number in range(min(count, shards)):
            self._journal.emit("warn", "redis", f"{self.id}-{number}",
                               "Server initialized; DB loaded from disk: 0 keys", {})  # fmt: skip

    def status(self) -> list[str]:
        """Return how full it is."""
        looks = self._hits.value + self._misses.value
        rate = 100 * self._hits.value // looks if looks else 0
        return [f"entries: {len(self._entries)}", f"hit rate since start: {rate} %", f"shards: {self._part.shards}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return whether it is on."""
        on = bool(self.int_knob("enabled"))
        return ComponentState(name=self.id, kind=self.kind, health="ok" if on else "warn",
                              summary="on" if on else "off", edges=(("router", ""),))  # fmt: skip

    def held(self) -> int:
        """Return its entries, and what is on its way."""
        return len(self._entries) + len(self._looking) + len(self._keys)

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.leak_ppm, self.unstable, len(self._entries), len(self._open), self.leaked,
                self._hits.value, self._misses.value, list(self._wiped_us.items())]  # fmt: skip

    # -- requests -------------------------------------------------------------------------------------------

    def enter(self, attempt: Attempt) -> None:
        """Look a request up."""
        if not self.int_knob("enabled"):
            self._gateway.passed(attempt)
            return
        self._looking[attempt] = None
        self._kernel.after(self._part.lookup, self._looked, attempt)

    def leave(self, attempt: Attempt) -> None:
        """Forget a request whose client hung up."""
        self._looking.pop(attempt, None)
        for waiting in self._open.values():
            if attempt in waiting:
                waiting.remove(attempt)

    def _looked(self, call: Call) -> None:
        attempt: Attempt = call.argument
        if self._looking.pop(attempt, 0) == 0:
            return
        now = self._kernel.now
        if attempt.marks is not None:
            attempt.marks.append((self.id, now - self._part.lookup, now))
        key = self._key_of(attempt)
        if key is not None and self._has(key):
            self._hits.value += 1
            self._reply(attempt)
            return
        self._misses.value += 1
        if key is not None:
            if self.int_knob("coalescing") and key in self._open:
                self._coalesced.value += 1
                self._open[key].append(attempt)
                return
            self._open.setdefault(key, [])
            self._keys[attempt] = key
        self._gateway.passed(attempt)

    def _reply(self, attempt: Attempt) -> None:
        request = attempt.request
        number = request.index << 6 | request.tenant.number
        leaked = self._luck.below(2 * number, _ONE) < self.leak_ppm
        self._book.judged("privacy", request.tenant.id, bad=leaked)
        if leaked:
            self.leaked += 1
            if self._luck.below(2 * number + 1, _ONE) < INTEGRITY_SAMPLE_PPM:
                self._mismatch.value += 1
                self._journal.emit("error", self.id, f"{self.id}-0", "integrity check: entry owner differs from caller",
                                   {"tenant": request.tenant.number})  # fmt: skip
        self._gateway.answered(attempt)

    def _answered(self, attempt: Attempt, code: int) -> None:
        key = self._keys.pop(attempt, None)
        if key is None:
            return
        waiting = self._open.pop(key, [])
        if code == 200 and not self.unstable:
            self._entries.pop(key, None)
            self._entries[key] = self._kernel.now + self.int_knob("ttl")
            self._trim()
        for other in waiting:
            if code == 200:
                self._reply(other)
            else:
                self._gateway.passed(other)

    # -- entries --------------------------------------------------------------------------------------------

    def _key_of(self, attempt: Attempt) -> Key | None:
        request = attempt.request
        number = request.index << 6 | request.tenant.number
        if self._asks.below(2 * number, _ONE) >= self._part.repeated:
            return None
        draw = self._asks.below(2 * number + 1, _ONE)
        question = self._part.questions * draw // _ONE * draw // _ONE
        return (request.tenant.number, question, self.int_knob("salt"))

    def _has(self, key: Key) -> bool:
        now = self._kernel.now
        if self.unstable:
            return False
        until = self._entries.get(key)
        if until is not None:
            return until > now
        return self._warm_since_start(key, now)

    def _warm_since_start(self, key: Key, now: int) -> bool:
        """Whether a common question was answered before the scenario began, and is still fresh: popular ones were."""
        wiped = _shard(key, self._part.shards) in self._wiped_us
        if key[2] != 1 or wiped or now - self._born_us >= self.int_knob("ttl"):
            return False
        return self._luck.below((1 << 52) + (key[0] << 32 | key[1]), self._part.questions) >= key[1] // 2

    def _wipe(self, shards: range) -> None:
        for shard in shards:
            self._wiped_us[shard] = self._kernel.now

    def _trim(self) -> None:
        while len(self._entries) > self.int_knob("max_entries"):
            del self._entries[next(iter(self._entries))]


def _shard(key: Key, shards: int) -> int:
    return (key[1] * 2_654_435_761 >> 7) % shards
