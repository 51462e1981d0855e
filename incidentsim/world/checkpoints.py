"""What a checkpoint digests, part by part, so that two runs that part can be told where.

`World` makes a checkpoint every 10 s; `session.divergence` compares the parts of two of them. The text of all parts
together is what `dyn` has always digested.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from incidentsim.exact import canonical_json

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack

OWN: Final = ("faults", "settings", "team", "outcome")
"""Parts that are no components; `outcome` is what users got and what it cost. Components follow, in their order."""

PART_BYTES: Final = 2
"""Bytes of a part's digest: enough to tell two states apart, not to prove them equal; `dyn` does that."""


class Checkpoint:
    """The state of a stack at one moment, as canonical JSON by part."""

    def __init__(self, stack: Stack, sli: dict[str, list[int]], cost_microdollars: int) -> None:
        self._now = stack.kernel.now
        self._components = [canonical_json(component.state()) for component in stack.components.values()]
        self._faults = [canonical_json(fault.state()) for fault in stack.faults.values()]
        self._settings, self._team = canonical_json(stack.settings.state()), canonical_json(stack.team.state())
        self._outcome = f"{canonical_json(sli)},{cost_microdollars}"

    def frame(self) -> bytes:
        """Return the canonical JSON of time, state, outcome: what goes into `dyn`."""
        state = f"[[{','.join(self._components)}],[{','.join(self._faults)}],{self._settings},{self._team}]"
        return f"[{self._now},{state},{self._outcome}]".encode()

    def parts(self) -> str:
        """Return the digests of all parts, in the order of `part_names`, in hex without separators."""
        texts = (",".join(self._faults), self._settings, self._team, self._outcome, *self._components)
        return "".join(hashlib.blake2b(text.encode(), digest_size=PART_BYTES).hexdigest() for text in texts)


def part_names(stack: Stack) -> tuple[str, ...]:
    """Return the names of the parts; components that come later are added at the end."""
    return (*OWN, *stack.components)
