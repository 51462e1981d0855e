"""Faults of revisions: they are in an image, weights, a tokenizer or a template, and hit the pods that run it."""

from __future__ import annotations

from typing import Final

from incidentsim.scenario.model import Change
from incidentsim.specs.faults import FAULTS
from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.pools.deploys import revisions_of
from incidentsim.world.stack.pools.pool import Pool
from incidentsim.world.stack.pools.revisions import Effect

_ONE: Final = 1_000_000


class RevisionFault(Fault):
    """It sits in a revision: that of the change it came with, else the one wanted at its start.

    Whoever replaces the pods that run it, by a rollback or by pinning another one, removes it.
    """

    fits_key = ""
    """A second part whose revision must be the one of the start for the fault to show, empty = none."""

    _combination: dict[str, str] | None = None

    @property
    def pool(self) -> Pool:
        """The pool it hits."""
        return self.stack.pools[self.component]

    def combination(self) -> dict[str, str]:
        """Return the revisions that show it together, fixed at its start."""
        if self._combination is None:
            key, wanted = FAULTS[self.kind].revision, self.pool.revisions.wanted
            brought = revisions_of(self.stack, self._change()) if self.came_with else {}
            self._combination = {key: brought.get(key, wanted[key])}
            if self.fits_key:
                self._combination[self.fits_key] = wanted[self.fits_key]
        return self._combination

    def _change(self) -> Change:
        entries = self.stack.scenario.timeline
        return next(e.change for e in entries if e.change is not None and e.change.id == self.came_with)

    def effect(self, strength_ppm: int) -> Effect:
        """Return what it does to a pod at this strength."""
        raise TypeError(f"{type(self).__name__} does not say what it does")

    def apply(self, strength_ppm: int) -> None:
        """Afflict the pods that run it."""
        self.pool.afflict(self.id, self.combination(), self.effect(strength_ppm) if strength_ppm else None)

    def reverted(self, *, again: bool) -> None:
        """Its change was rolled back: it is gone with the last pod that runs it, if that change rolled it out."""
        if FAULTS[self.kind].revision not in revisions_of(self.stack, self._change()):
            super().reverted(again=again)

    @property
    def removed(self) -> bool:
        """Whether no pod runs it, and the next one would not."""
        return self.started and (super().removed or not self.pool.uses(self.combination()))

    def state(self) -> list[object]:
        """Return what defines the fault, its revisions included."""
        return [*super().state(), list((self._combination or {}).values())]

    def share(self, name: str, strength_ppm: int) -> int:
        """Return a share among the parameters, at this strength."""
        return int(self.params[name]) * strength_ppm // _ONE

    def factor(self, name: str, strength_ppm: int) -> int:
        """Return a factor among the parameters, at this strength: 1 when it is gone."""
        return _ONE + (int(self.params[name]) - _ONE) * strength_ppm // _ONE


class BadImage(RevisionFault):
    """A runtime image whose steps take longer."""

    def effect(self, strength_ppm: int) -> Effect:
        """Slow the steps down."""
        return Effect(slowdown_ppm=self.factor("slowdown", strength_ppm))


class StartupOom(RevisionFault):
    """An image whose own default of max_num_seqs is higher: its warm-up may need more memory than is left."""

    def effect(self, strength_ppm: int) -> Effect:
        """Change the image's default."""
        return Effect(max_num_seqs=int(self.params["max_num_seqs"]))

    @property
    def removed(self) -> bool:
        """Whether the image is gone, or the deployment says itself how many sequences it wants, on every pod."""
        pool = self.pool
        pinned = "max_num_seqs" in pool.explicit and not pool.rollout.rolling
        return super().removed or (self.started and pinned)


class TokenizerMismatch(RevisionFault):
    """A tokenizer made for other weights: other token counts, missed stop tokens, garbled text."""

    fits_key = "weights"

    def effect(self, strength_ppm: int) -> Effect:
        """Change token counts and answers."""
        return Effect(prompt_ppm=self.factor("prompt_tokens", strength_ppm),
                      runs_on_ppm=self.share("runs_on", strength_ppm),
                      garbled_ppm=self.share("garbled", strength_ppm))  # fmt: skip


class TemplateMismatch(RevisionFault):
    """A chat template whose end-of-turn token the weights don't know: answers run on to max_tokens."""

    fits_key = "weights"

    def effect(self, strength_ppm: int) -> Effect:
        """Change answers."""
        return Effect(runs_on_ppm=self.share("runs_on", strength_ppm),
                      garbled_ppm=self.share("garbled", strength_ppm))  # fmt: skip


class BehaviourRegression(RevisionFault):
    """Weights that answer fluently, fast and not as users want."""

    def effect(self, strength_ppm: int) -> Effect:
        """Change behaviour."""
        return Effect(behaviour_ppm=self.share("share", strength_ppm))


class NumericCorruption(RevisionFault):
    """Kernels of an image that compute wrong on some hosts' GPUs: flat distributions, odd tokens, no end token."""

    def effect(self, strength_ppm: int) -> Effect:
        """Garble answers on those hosts."""
        return Effect(garbled_ppm=self.share("garbled", strength_ppm), runs_on_ppm=self.share("runs_on", strength_ppm),
                      hosts=int(self.params["hosts"]))  # fmt: skip
