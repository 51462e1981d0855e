"""The arithmetic of macro steps: exact integers, no state. Used by `replica` and `running`.

Iteration j of a macro step (counted from 0) takes `base + slope * j`, in fine units; k of them take
`k*base + slope*k(k-1)/2`. A decoding sequence takes a KV block whenever the token clock equals its residue modulo
the block size; `buckets[r]` counts the sequences with residue r.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS

BLOCK_MASK: Final = BLOCK_TOKENS - 1
"""Residues modulo the block size, which is a power of two."""

BLOCK_SHIFT: Final = BLOCK_MASK.bit_length()
"""Tokens shifted right by this are full blocks."""


def in_progress(elapsed: int, base: int, slope: int) -> tuple[int, int]:
    """Return how many iterations end strictly before `elapsed` > 0, and how long these and the next one take."""
    if slope:
        # the positive root, in the form that does not cancel; a float guess, made exact below
        half = base - slope / 2
        j = int(2 * elapsed / (half + sqrt(half * half + 2 * slope * elapsed)))
    else:
        j = elapsed // base
    end = j * base + slope * (j * (j - 1) >> 1)
    while end >= elapsed and j:
        j -= 1
        end -= base + slope * j
    end += base + slope * j
    while end < elapsed:
        j += 1
        end += base + slope * j
    return j, end


def blocks_taken(k: int, n: int, clock: int, buckets: Sequence[int]) -> int:
    """Return the KV blocks that n decoding sequences take over the next k iterations."""
    first = clock & BLOCK_MASK
    last = first + (k & BLOCK_MASK)
    full = (k >> BLOCK_SHIFT) * n
    if last <= BLOCK_TOKENS:
        return full + sum(buckets[first:last])  # exact: ints
    return full + n - sum(buckets[last - BLOCK_TOKENS : first])  # exact: ints


def iterations_with_room(k: int, free: int, clock: int, buckets: Sequence[int]) -> int:
    """Return how many of the next k iterations can run while a free block remains after each; at least 1."""
    for i in range(k):
        free -= buckets[(clock + i) & BLOCK_MASK]
        if free < 1:
            return max(i, 1)
    return k
