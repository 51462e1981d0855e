"""The arithmetic of macro steps: exact integers, no state. Used by `replica`.

Iteration j of a macro step (counted from 0) takes `base + slope * j`, in fine units; k of them take
`k*base + slope*k(k-1)/2`. A decoding sequence takes a KV block whenever the token clock equals its residue modulo
the block size; `buckets[r]` counts the sequences with residue r.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from incidentsim.world.stack.step_model import BLOCK_TOKENS

BLOCK_MASK = BLOCK_TOKENS - 1
"""Residues modulo the block size, which is a power of two."""


def duration(k: int, base: int, slope: int) -> int:
    """Return how long k iterations take."""
    return k * base + slope * (k * (k - 1) // 2)


def completed(elapsed: int, base: int, slope: int) -> int:
    """Return the largest number of iterations that end strictly before `elapsed`."""
    if slope:
        twice = 2 * base - slope
        j = (isqrt(twice * twice + 8 * slope * elapsed) - twice) // (2 * slope)
    else:
        j = elapsed // base
    # the closed form may be off by one
    while j > 0 and j * base + slope * (j * (j - 1) // 2) >= elapsed:
        j -= 1
    while (j + 1) * base + slope * ((j + 1) * j // 2) < elapsed:
        j += 1
    return j


def blocks_taken(k: int, n: int, clock: int, buckets: Sequence[int]) -> int:
    """Return the KV blocks that n decoding sequences take over the next k iterations."""
    full, rest = divmod(k, BLOCK_TOKENS)
    total = full * n
    for i in range(rest):
        total += buckets[(clock + i) & BLOCK_MASK]
    return total


def iterations_with_room(k: int, free: int, clock: int, buckets: Sequence[int]) -> int:
    """Return how many of the next k iterations can run while a free block remains after each; at least 1."""
    for i in range(k):
        free -= buckets[(clock + i) & BLOCK_MASK]
        if free < 1:
            return max(i, 1)
    return k


def blocks_grown(steps: int, until_first: int) -> int:
    """Return the blocks a sequence took in `steps` decode iterations, the first one after `until_first`."""
    return 0 if steps <= until_first else 1 + (steps - 1 - until_first) // BLOCK_TOKENS
