"""Golden prompts: a job asks each replica what it must know, so that one that answers garbage shows by name.

Switched by the knob `quality.golden_prompts`. Users' answers are judged in `quality`; here only replicas are. What a
round finds follows from what a replica's revisions do to answers (`Pod.defects`), with the noise of a small sample.
The few tokens of a round are not modelled as load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.pools.pod import Pod

PERIOD_US: Final = 60_000_000
"""Every replica is asked this often."""

PROMPTS: Final = 25
"""Prompts of a round: a replica that spoils one answer in ten fails 93 rounds of 100 (1 - .9^25)."""

TARGET: Final = "golden-prompts"
"""The job, as monitoring scrapes it."""

_MILLION: Final = 1_000_000


class GoldenPrompts:
    """Asks all replicas that run, those out of rotation too, while it is on.

    A prompt fails when the answer isn't the known one, or when none comes (a replica that hangs, a dead host).
    """

    def __init__(self, pods: Callable[[], Sequence[Pod]], *, kernel: Kernel, registry: Registry, seed: int) -> None:
        self._pods = pods
        self._kernel = kernel
        self._registry = registry
        self._seed = seed
        self._draws: dict[str, Draws] = {}
        self._rounds = 0
        self._on = self._running = False

    def switch(self, on: bool) -> None:
        """Ask from now on, or no more."""
        self._on = on
        if on and not self._running:
            self._running = True
            self._kernel.after(0, self._ask, None)

    def _ask(self, _: Call) -> None:
        self._running = self._on
        if not self._on:
            return
        for pod in self._pods():
            if pod.state in ("ready", "draining"):
                self._count(pod)
        self._rounds += 1
        self._kernel.after(PERIOD_US, self._ask, None)

    def _count(self, pod: Pod) -> None:
        asked = self._counter("golden_prompts_total", pod)
        failed = self._counter("golden_prompts_failed_total", pod)
        asked.value += PROMPTS
        if pod.hung:
            failed.value += PROMPTS
            return
        wrong_ppm = min(_MILLION, sum(pod.defects or ()))  # exact: ints
        if wrong_ppm:
            draws = self._draws.get(pod.id)
            if draws is None:
                draws = self._draws[pod.id] = Draws(self._seed, pod.id, "golden-prompts")
            for number in range(PROMPTS):
                failed.value += draws.below(self._rounds * PROMPTS + number, _MILLION) < wrong_ppm

    def _counter(self, name: str, pod: Pod) -> Counter:
        return self._registry.counter(name, {"pod": pod.id}, target=TARGET)
