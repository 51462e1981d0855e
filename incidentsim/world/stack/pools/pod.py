"""One pod of a pool: its life cycle around an engine. The engine's metrics are in `engine_metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Registry
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.hardware.node import Node
from incidentsim.world.stack.pools.engine_metrics import EngineMetrics
from incidentsim.world.stack.requests import BEHAVIOUR, DEFECT_KINDS, GARBLED, Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool

PodState = Literal["pending", "refused", "provisioning", "loading", "ready", "draining", "crashed", "gone"]

ENTROPY_MILLINATS, GARBLED_MILLINATS = 900, 4_600
"""Mean entropy of the next-token distribution of a chat model, and of one whose logits are noise: an instruction-tuned

model is sure of most tokens; noise over the few hundred tokens that top-p leaves has ln(100) = 4.6 nats."""

_MIB: Final = 1 << 20
_ONE: Final = 1_000_000


class Pod:
    """A replica as the cluster sees it.

    States: pending (no GPU) → provisioning → loading (image, weights) → ready → draining → gone; a restart goes
    from any of the later ones back to loading; crashed waits for the kubelet's back-off; refused has no pod object,
    since the control plane would not make one. Only ready pods are routed to.
    `revisions` are what it runs, `template` is the number of its pod template (`Pool.template`), `defects` what they
    do to every answer, as in `Attempt.defects`. `failures` counts crashes in a row. `began_us`: start of its
    container; `warm_us`: when its weights were on the GPU.
    """

    __slots__ = ("_alters", "_kernel", "_metrics", "_prompt_ppm", "_runs_on", "_runs_on_ppm", "_slowdown_ppm",
                 "began_us", "cordoned", "defects", "engine", "epoch", "failures", "holds_gpu", "hung",
                 "index", "node", "pool", "progress_us", "ready_us", "requests", "restarts", "retry_us",
                 "revisions", "seen_steps", "state", "template", "tokens", "warm_us")  # fmt: skip

    def __init__(self, kernel: Kernel, pool: Pool, index: int, node: Node, registry: Registry) -> None:
        self._kernel = kernel
        self.pool = pool
        self.index = index
        self.node = node
        self.state: PodState = "pending"
        self.engine: Replica | None = None
        self.cordoned = self.hung = self.holds_gpu = False
        self.requests = self.tokens = 0
        self.made_from_wanted()
        self.defects: list[int] | None = None
        self.restarts = self.failures = 0
        self.ready_us = self.began_us = self.warm_us = self.retry_us = self.progress_us = NEVER
        self.seen_steps = 0
        self.epoch = 0
        self._slowdown_ppm = self._prompt_ppm = _ONE
        self._runs_on_ppm = 0
        self._alters = False
        self._runs_on = Draws(pool.seed, f"{pool.id}-{index}", "runs-on")
        self._metrics = EngineMetrics(self, registry)

    @property
    def id(self) -> str:
        """The pod's stable id."""
        return f"{self.pool.id}-{self.index}"

    @property
    def where(self) -> str:
        """The host it stands on, as people see it."""
        return self.node.host if self.node.pod is self else "none yet"

    def made_from_wanted(self) -> None:
        """Have what the pool wants of a pod now."""
        self.revisions = dict(self.pool.revisions.wanted)
        self.template = self.pool.template(self.revisions)

    # -- engine ---------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Create a cold engine with the pool's current arguments."""
        pool = self.pool
        self.engine = Replica(
            self._kernel, pool.model, blocks=pool.kv_blocks, max_num_seqs=self.max_num_seqs(),
            budget=pool.int_knob("max_num_batched_tokens"), on_first=self._first, on_finish=self._finish,
            prefix_caching=bool(pool.int_knob("enable_prefix_caching")),
        )  # fmt: skip
        self.template = pool.template(self.revisions)
        self.hung = False
        self.progress_us = self._kernel.now
        self._metrics.rebase()
        self.apply_effects()

    def max_num_seqs(self) -> int:
        """Sequences its engine takes at once: as the deployment says, else the default of its image."""
        pool = self.pool
        if "max_num_seqs" not in pool.explicit:
            for effect in pool.revisions.effects_on(self.revisions, self.index):
                if effect.max_num_seqs:
                    return effect.max_num_seqs
        return pool.int_knob("max_num_seqs")

    def apply_effects(self) -> None:
        """Take over what the pod's revisions do to it."""
        slowdown = prompt = _ONE
        runs_on = garbled = behaviour = 0
        for effect in self.pool.revisions.effects_on(self.revisions, self.index):
            slowdown = slowdown * effect.slowdown_ppm // _ONE
            prompt = prompt * effect.prompt_ppm // _ONE
            runs_on = min(_ONE, runs_on + effect.runs_on_ppm)
            garbled = min(_ONE, garbled + effect.garbled_ppm)
            behaviour = min(_ONE, behaviour + effect.behaviour_ppm)
        self._slowdown_ppm, self._prompt_ppm, self._runs_on_ppm = slowdown, prompt, runs_on
        self._alters = prompt != _ONE or runs_on > 0
        self.defects = None
        if garbled or behaviour:
            self.defects = [0] * DEFECT_KINDS
            self.defects[GARBLED], self.defects[BEHAVIOUR] = garbled, behaviour
        self.apply_speed()

    def apply_speed(self) -> None:
        """Set the engine's slowdown from the node, the image and the jitter of this moment."""
        if self.engine is not None and not self.hung:
            pool = self.pool
            factor = self.node.slowdown_ppm * self._slowdown_ppm // 1_000_000
            self.engine.set_factor(factor * pool.jitter_ppm(self.index) // 1_000_000)

    def hang(self) -> None:
        """Stop making steps while the process lives: the iteration in progress never ends in our time."""
        self.hung = True
        if self.engine is not None:
            self.engine.set_factor(HANG_FACTOR_PPM)

    def submit(self, attempt: Attempt) -> None:
        """Hand an attempt to the engine."""
        assert self.engine is not None
        if self._alters:
            self._alter(attempt)
        self.engine.submit(attempt)

    def _alter(self, attempt: Attempt) -> None:
        """Make the sequence what this pod's tokenizer and stop tokens make of it; it still fits the model's length."""
        longest = self.pool.max_model_len
        request = attempt.request
        attempt.prompt = attempt.p = min(attempt.prompt * self._prompt_ppm // _ONE, longest - 1)
        output = attempt.output
        if self._runs_on.below(request.index << 6 | request.tenant.number, _ONE) < self._runs_on_ppm:
            output = request.max_tokens
        attempt.output = attempt.o = max(1, min(output, longest - attempt.prompt))

    def cancel(self, attempt: Attempt) -> None:
        """Abort an attempt in the engine."""
        if self.engine is not None:
            self.engine.cancel(attempt)

    def stop(self) -> list[Attempt]:
        """Kill the engine; return the attempts it held."""
        if self.engine is None:
            return []
        lost = [q for q in self.engine.kill() if isinstance(q, Attempt)]
        self._metrics.retire()
        self.engine = None
        for attempt in lost if self._alters else ():
            attempt.prompt = attempt.tokens - attempt.request.max_tokens  # as the next pod will get it
        return lost

    def _first(self, sequence: Any, now: int) -> None:
        self._metrics.first(sequence, now)
        self.pool.gateway.first_token(sequence, now)

    def _finish(self, sequence: Any, now: int) -> None:
        self._metrics.finish(sequence, now)
        self.pool.gateway.finished(sequence, now)

    # -- readings -------------------------------------------------------------------------------------------

    def kv_usage(self) -> float:
        """Share of KV blocks in use, 0 to 1."""
        engine = self.engine
        return engine.used_blocks() / engine.blocks if engine is not None else 0.0

    def preemptions(self) -> int:
        """Preemptions since the pod exists."""
        return self._metrics.preemptions()

    def entropy_nats(self) -> float:
        """Mean entropy of the next-token distributions of what it generates, NaN when it generates nothing."""
        if self.engine is None or not self.engine.running:
            return float("nan")
        garbled = self.defects[GARBLED] if self.defects is not None else 0
        millinats = ENTROPY_MILLINATS + (GARBLED_MILLINATS - ENTROPY_MILLINATS) * garbled // _ONE
        return millinats * self.pool.jitter_ppm(self.index) / 1e9

    def memory_mib(self) -> int:
        """GPU memory that is taken on each card: by the engine as far as it has come up, and by other processes."""
        pool = self.pool
        card = self.node.gpus[0].card.memory_mib
        other = card * pool.part.other_gpu_memory // _ONE
        share = card * pool.int_knob("gpu_memory_utilization") // _ONE
        if self.engine is not None:
            return other + share
        if self.state != "loading":
            return other
        preset = pool.model.preset
        if self.warm_us == NEVER or self._kernel.now < self.warm_us:
            weights = preset.weights_bytes // _MIB // len(self.node.gpus)
            return other + (weights if pool.launcher.weights is None else 0)
        return min(card, other + share + preset.sampler_bytes(self.max_num_seqs()) // _MIB)

    def summary(self) -> str:
        """Return one line about it for the pool's description, with the revisions that are not the wanted ones."""
        wanted = self.pool.revisions.wanted
        odd = "".join(f", {key} {revision}" for key, revision in self.revisions.items() if revision != wanted[key])
        back_off = ""
        if self.state == "crashed" and self.node.down:
            back_off = " (node is not ready)"
        elif self.state == "crashed":
            back_off = f" (CrashLoopBackOff, next try in {max(0, self.retry_us - self._kernel.now) // _ONE} s)"
        return (f"{self.state}{back_off}, {self.requests} in flight, restarts {self.restarts}, "
                f"node {self.where}{odd}")  # fmt: skip

    def dyn(self) -> list[object]:
        """Return what defines the pod, for the dyn digest."""
        engine = self.engine
        return [self.state, self.requests, self.tokens, self.restarts, self.failures, self.epoch, self.cordoned,
                self.template, list(self.revisions.values()), engine and engine.state()]  # fmt: skip


HANG_FACTOR_PPM: Final = 10**15
"""Slowdown of a hung engine: one iteration of 20 ms takes eight months."""
