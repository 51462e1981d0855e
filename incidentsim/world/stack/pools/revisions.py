"""Which revisions the pods of a pool run, and what some of them do to the pods that run them.

A pool wants one revision of each part; a pod has those that were wanted when it was created, so that a deploy
reaches pods one after the other, and so does its rollback. Faults say what a revision does (`afflict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidentsim.scenario.parts import PoolPart

KEYS: Final = ("image", "weights", "tokenizer", "template")
"""What a pod is made of: runtime image, model weights, tokenizer, chat template."""

EVERY_HOST: Final = 1 << 20
"""More hosts than any pool has."""

_ONE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a revision does to a pod that runs it.

    Factors in ppm: `slowdown_ppm` on step times, `prompt_ppm` on tokens per prompt. Shares in ppm of answers:
    `runs_on_ppm` miss their stop token and go on to max_tokens, `garbled_ppm` are garbled, `behaviour_ppm` are
    not what users want. `max_num_seqs` is the image's own default, 0 = the usual one. It shows on the pool's
    first `hosts` hosts only: those with a GPU configuration that triggers it.
    """

    slowdown_ppm: int = _ONE
    prompt_ppm: int = _ONE
    runs_on_ppm: int = 0
    garbled_ppm: int = 0
    behaviour_ppm: int = 0
    max_num_seqs: int = 0
    hosts: int = EVERY_HOST


class Revisions:
    """The revisions of one pool. `wanted` is what the next pod gets; `known` lists all seen, by key.

    `unnamed` are the deploys in force of something that has no revision here: taken back, they replace pods as well.
    """

    def __init__(self, part: PoolPart) -> None:
        self.wanted = {"image": part.image, "weights": part.weights, "tokenizer": part.tokenizer,
                       "template": part.template}  # fmt: skip
        self.known = {key: [revision] for key, revision in self.wanted.items()}
        self.unnamed: list[str] = []
        self._before: dict[str, dict[str, str]] = {}
        self._effects: dict[str, tuple[dict[str, str], Effect]] = {}

    def want(self, key: str, revision: str) -> None:
        """Make a revision the wanted one of its key."""
        self.wanted[key] = revision
        if revision not in self.known[key]:
            self.known[key].append(revision)

    def deploy(self, change: str, revisions: dict[str, str]) -> None:
        """Want what a change deploys, and remember what it replaced."""
        if not revisions and change not in self.unnamed:
            self.unnamed.append(change)
        self._before.setdefault(change, {key: self.wanted[key] for key in revisions})
        for key, revision in revisions.items():
            self.want(key, revision)

    def revert(self, change: str) -> None:
        """Want again what a change replaced."""
        if change in self.unnamed:
            self.unnamed.remove(change)
        for key, revision in self.before(change).items():
            self.want(key, revision)

    def before(self, change: str) -> dict[str, str]:
        """Return what a change replaced, by key; nothing when it was no deploy of this pool."""
        return self._before.get(change, {})

    def options(self) -> dict[str, tuple[str, ...]]:
        """Return the known revisions of each key, the wanted one first."""
        return {key: (self.wanted[key], *(r for r in known if r != self.wanted[key]))
                for key, known in self.known.items()}  # fmt: skip

    def afflict(self, name: str, combination: dict[str, str], effect: Effect | None) -> None:
        """Say what a combination of revisions does, None = nothing (any more). `name` is the fault's."""
        if effect is None:
            self._effects.pop(name, None)
        else:
            self._effects[name] = (combination, effect)

    def effects_on(self, revisions: dict[str, str], host: int) -> list[Effect]:
        """Return what the revisions of a pod on the pool's host number `host` do to it."""
        return [effect for combination, effect in self._effects.values()
                if host < effect.hosts and combination.items() <= revisions.items()]  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines them."""
        return [list(self.wanted.values()), list(self._effects), list(self.unnamed)]
