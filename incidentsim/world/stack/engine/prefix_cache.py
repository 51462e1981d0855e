"""Automatic prefix caching of one engine, as vLLM V1 does it, at the cost of a few segments per event.

Used by `replica` and `running`; `incidentsim.bench.naive` holds the same rule block by block and is the oracle.

The rule. A full block of 16 tokens has a name: the identity of everything up to its last token. When a sequence's
chunk is scheduled, its full blocks get their names; the blocks that decoding filled get theirs when the sequence
leaves (finished, aborted, preempted). Admission takes the longest run of named blocks from the front of the
prompt, never all of it: at least one token is computed. Blocks are shared by reference count. A block that nobody
uses goes to the end of the queue of free blocks, a sequence's last block first; new blocks come from its front and
lose their names there. So a free block keeps its content until the queue has turned over once, and counts as free.

What a sequence is made of comes as a `Prefix`, since there are no tokens here. Blocks beyond it are anonymous: they
pass through the queue, and are never found again. Where this differs from vLLM: anonymous content is not found by
its own sequence after a preemption; names of generated blocks come when the sequence leaves, not as they fill; a
block that two sequences computed at the same time exists once as soon as the second one's gets its name (vLLM keeps
the copy until its owner ends); a reset works at once, and what runs then stays private.

Why segments suffice. A sequence uses blocks from the front only, and gives back its last ones first, so of every
segment the blocks that are named and those in use are always the leading ones: two integers. What lies between is
on the queue, in runs. `take_from_queue` is lazy: the engine counts its free blocks itself, and the queue is
brought down to that count before anything looks at it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Final

from incidentsim.errors import UsageError
from incidentsim.world.stack.engine.sequence import Prefix, Sequence
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS

ENDLESS: Final = 1 << 62
"""End, in blocks, of a last segment that goes on into the output."""

Extent = tuple[tuple[int, Hashable], int, int]
"""A segment of one sequence: its name under the one before, its first block, its end block."""


class Segment:
    """A named stretch of content under all that goes before it; a node of a tree.

    Its blocks are those from index `first` whose last token lies in it. Blocks before `named` are in the cache, blocks
    before `used` belong to running sequences (first <= used <= named); those between are free, in `runs`, the
    latest freed last. `ends` counts running sequences by the block where their use of the segment ends.
    """

    __slots__ = ("children", "ends", "first", "name", "named", "parent", "runs", "used")

    def __init__(self, parent: Segment | None, name: tuple[int, Hashable], first: int) -> None:
        self.parent = parent
        self.name = name
        self.first = self.named = self.used = first
        self.children: dict[tuple[int, Hashable], Segment] = {}
        self.ends: dict[int, int] = {}
        self.runs: list[Run] = []


class Run:
    """Blocks lo to hi (not included) of a segment, on the queue; the high end goes first. No segment: anonymous."""

    __slots__ = ("hi", "lo", "segment")

    def __init__(self, segment: Segment | None, lo: int, hi: int) -> None:
        self.segment = segment
        self.lo = lo
        self.hi = hi


class Hold:
    """A running sequence's share: its segments with the block where each ends for it, and its named blocks."""

    __slots__ = ("blocks", "generation", "path")

    def __init__(self, path: list[tuple[Segment, int]], blocks: int, generation: int) -> None:
        self.path = path
        self.blocks = blocks
        self.generation = generation


class PrefixCache:
    """Names of blocks, who uses them, and the queue of free ones. The engine owns the count of free blocks.

    `queries` and `hits` count prompt tokens at a sequence's first admission, as vLLM's counters do.
    """

    __slots__ = ("_generation", "_queue", "_queued", "_root", "blocks", "hits", "queries")

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.queries = self.hits = 0
        self._generation = 0
        self.clear()

    def clear(self) -> None:
        """Start with an empty cache and all blocks free: the process is new. Counters stay."""
        self._queue = deque([Run(None, 0, self.blocks)])
        self._queued = self.blocks
        self.reset()

    def reset(self) -> None:
        """Forget every name at once. Blocks in use stay so; their sequences name nothing until admitted again."""
        self._root = Segment(None, (0, None), 0)
        self._generation += 1

    def state(self) -> tuple[int, ...]:
        """Return what defines the cache beside the engine's own events, for the `dyn` digest."""
        return (self.queries, self.hits, self._generation)

    # -- admission ------------------------------------------------------------------------------------------

    def find(self, extents: list[Extent], most: int, free: int) -> tuple[int, int]:
        """Return how many of the first `most` blocks are in the cache, and how many of these are free.

        `free` is the engine's count of free blocks, here as everywhere.
        """
        if self._queued > free:
            self._take_from_queue(free)
        found = idle = 0
        segment = self._root
        for name, first, end in extents:
            below = segment.children.get(name)
            if below is None:
                break
            segment = below
            # comparisons instead of min() and max(), here and below: a call costs more
            named = segment.named
            reached = named if named < end else end
            reached = reached if reached < most else most
            if reached > first:
                found = reached
                used = segment.used  # never before `first`
                if reached > used:
                    idle += reached - used
            if reached < end:
                break
        return found, idle

    def join(self, q: Sequence, found: int) -> None:
        """Let an admitted sequence use the first `found` blocks of its prefix, just found."""
        if not q.restarts:
            self.queries += q.p
            self.hits += found * BLOCK_TOKENS
        if q.prefix is None:
            return
        path: list[tuple[Segment, int]] = []
        segment = self._root
        for name, first, end in q.extents:
            below = segment.children.get(name)
            if below is None:
                below = segment.children[name] = Segment(segment, name, first)
            segment = below
            path.append((segment, end))
            used = first if found < first else found if found < end else end
            ends = segment.ends
            ends[used] = ends.get(used, 0) + 1
            if used > segment.used:
                self._claim(segment, used)
        q.hold = Hold(path, found, self._generation)

    # -- while it runs --------------------------------------------------------------------------------------

    def name_blocks(self, q: Sequence, end: int, free: int) -> int:
        """Name the sequence's blocks before `end`, all computed; return by how much the free blocks change.

        Blocks that somebody else has named meanwhile replace the sequence's own, which become free.
        """
        hold = q.hold
        if hold is None or hold.generation != self._generation:
            return 0
        longest = hold.path[-1][1]
        end = end if end < longest else longest
        start = hold.blocks
        if end <= start:
            return 0
        if self._queued > free:
            self._take_from_queue(free)
        copies = claimed = 0
        for segment, last in hold.path:
            if last <= start:
                continue
            first = segment.first
            before = first if first > start else start
            after = end if end < last else last
            if after <= before:
                continue
            named = segment.named
            if named > before:
                copies += (named if named < after else after) - before
            ends = segment.ends
            count = ends[before]
            if count == 1:
                del ends[before]
            else:
                ends[before] = count - 1
            ends[after] = ends.get(after, 0) + 1
            if after > segment.used:
                claimed += self._claim(segment, after)
            if after > named:
                segment.named = after
        hold.blocks = end
        if copies:
            self._put(copies)
        return copies - claimed

    def leave(self, q: Sequence, blocks: int) -> int:
        """Take back a sequence's `blocks`; return how many became free."""
        hold = q.hold
        if hold is None:
            self._put(blocks)
            return blocks
        q.hold = None
        held = hold.blocks
        freed = blocks - held
        self._put(freed)
        for segment, last in reversed(hold.path):
            ends, used, first = segment.ends, segment.used, segment.first
            end = held if held < last else last
            end = end if end > first else first
            count = ends[end]
            if count == 1:
                del ends[end]
            else:
                ends[end] = count - 1
            segment.used = most = max(ends) if ends else first
            if most < used:
                run = Run(segment, most, used)
                segment.runs.append(run)
                self._queue.append(run)
                self._queued += used - most
                freed += used - most
            if not (ends or segment.children or segment.named > first):
                _prune(segment)
        return freed

    # -- the queue of free blocks ---------------------------------------------------------------------------

    def _put(self, count: int) -> None:
        """Append anonymous blocks."""
        if count:
            self._queued += count
            queue = self._queue
            if queue and queue[-1].segment is None:
                queue[-1].hi += count
            else:
                queue.append(Run(None, 0, count))

    def _claim(self, segment: Segment, end: int) -> int:
        """Take the segment's free blocks before `end` off the queue, wherever they stand; return how many."""
        if end <= segment.used:
            return 0
        segment.used = end
        claimed = 0
        runs = segment.runs
        while runs and runs[-1].lo < end:
            run = runs[-1]
            taken = min(run.hi, end) - run.lo
            run.lo += taken
            claimed += taken
            if run.lo == run.hi:
                runs.pop()
        self._queued -= claimed
        return claimed

    def _take_from_queue(self, free: int) -> None:
        """Make good the blocks that the engine took since: from the front, each losing its name."""
        excess = self._queued - free
        if excess <= 0:
            return
        self._queued = free
        queue = self._queue
        while excess:
            run = queue[0]
            taken = min(excess, run.hi - run.lo)
            run.hi -= taken
            excess -= taken
            segment = run.segment
            if segment is not None and taken:
                segment.named = run.hi
                if run.lo == run.hi:
                    segment.runs.remove(run)
                    _prune(segment)
            if run.lo == run.hi:
                queue.popleft()


def extents_of(prefix: Prefix, prompt: int) -> list[Extent]:
    """Return the extent of each segment, for a sequence with this prompt.

    Raises UsageError unless the segments' ends rise from 1, and only the last may reach the prompt's end.
    """
    extents: list[Extent] = []
    start = 0
    for key, tokens in prefix:
        if tokens <= start or start >= prompt:
            raise _misfit(prefix, prompt)
        extents.append(((start, key), start // BLOCK_TOKENS, tokens // BLOCK_TOKENS))
        start = tokens
    if not extents:
        raise _misfit(prefix, prompt)
    if start >= prompt:
        name, first, _ = extents[-1]
        extents[-1] = (name, first, ENDLESS)
    return extents


def _misfit(prefix: Prefix, prompt: int) -> UsageError:
    return UsageError(
        f"prefix ends {[tokens for _, tokens in prefix]} of a prompt of {prompt} tokens: give ends that rise, counted "
        "from the prompt's start, of which only the last may reach the end of the prompt"
    )


def _prune(segment: Segment | None) -> None:
    """Forget segments that hold nothing, from this one upwards."""
    while segment is not None and segment.parent is not None:
        if segment.ends or segment.children or segment.named > segment.first:
            return
        parent = segment.parent
        if parent.children.get(segment.name) is segment:
            del parent.children[segment.name]
        segment = parent
