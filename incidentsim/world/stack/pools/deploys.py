"""Deploys of the change log that roll out revisions of a pool, and their rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.scenario.model import Change
from incidentsim.scenario.naming import knob_at
from incidentsim.specs.faults import FAULTS

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack
    from incidentsim.world.stack.pools.pool import Pool


def pool_of(stack: Stack, change: Change) -> Pool | None:
    """Return the pool that a deploy is of, None for other changes."""
    return stack.pools.get(stack.cast.target(change.target)) if change.kind == "deploy" else None


def revisions_of(stack: Stack, change: Change) -> dict[str, str]:
    """Return what a deploy rolls out, by key.

    Where it does not say so itself, a part that a fault came with gets a revision called after the change.
    """
    pool = pool_of(stack, change)
    if pool is None:
        return {}
    revisions: dict[str, str] = {}
    revisions.update(change.revisions.items())
    first = {"image": pool.part.image, "weights": pool.part.weights, "tokenizer": pool.part.tokenizer,
             "template": pool.part.template}  # fmt: skip
    for fault in stack.faults.values():
        key = FAULTS[fault.kind].revision
        if fault.came_with == change.id and fault.component == pool.id and key and key not in revisions:
            revisions[key] = f"{first[key]}-{change.id}"
    return revisions


def undone_by(stack: Stack, change: Change, *, again: bool) -> int:
    """Return how many pods a rollback of a deploy replaces, with `again` how many its being applied anew does."""
    pool = pool_of(stack, change)
    if pool is None:
        return 0
    replaced = revisions_of(stack, change)
    settings = [knob_at(path) for path in change.sets if path.rpartition(".")[0] == pool.id]
    if not replaced or any(knob is not None and knob.rolls for knob in settings):
        return len(pool.members)
    return pool.unlike(replaced if again else pool.revisions.before(change.id))


def roll_out(stack: Stack, change: Change, *, at_once: bool) -> None:
    """Replace the pods that a deploy reaches; `at_once`: it was before the world began, and they have it."""
    pool = pool_of(stack, change)
    revisions = revisions_of(stack, change)
    if pool is not None:
        pool.deploy(change.id, revisions, pods=change.pods, at_once=at_once)


def revert(stack: Stack, change: Change, *, again: bool) -> None:
    """Want again what a deploy replaced, or with `again` what it brought; the caller rolls the pool."""
    pool = pool_of(stack, change)
    if pool is None:
        return
    if again:
        pool.revisions.deploy(change.id, revisions_of(stack, change))
    else:
        pool.revisions.revert(change.id)
