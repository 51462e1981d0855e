"""What a kind of fault is, and the parameters that all disturbances share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a fault.

    Stored as an integer (µs, ppm or a count), a table of quantiles, or text: one of `choices`, or with kind
    `name` any short name. `default` None means that it must be given.
    """

    name: str
    kind: Literal["int", "ratio", "duration", "quantiles", "choice", "name"]
    help: str
    low: int = 0
    high: int = 1_000_000_000
    default: int | str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """One kind of fault: which kind of component it hits, how strong it can be, when it is gone.

    `standing` faults are facts of the configuration (a waiver, a missing guard): they have no effect of their
    own, and are removed by changing the configuration. The others disturb, may mask each other, and take the
    COURSE parameters besides their own. `revision`: it sits in a revision of this part of a pool.
    """

    kind: str
    component: str
    help: str
    removed: str
    parameters: tuple[Parameter, ...] = ()
    standing: bool = False
    revision: str = ""

    def all_parameters(self) -> tuple[Parameter, ...]:
        """Return its own parameters and, unless it is standing, those of its course in time."""
        return self.parameters if self.standing else (*self.parameters, *COURSE)


COURSE = (
    Parameter(name="ramp", kind="duration", default=0, help="Time from first effect to full strength."),
    Parameter(name="lasts", kind="duration", default=0, help="How long it stays; 0 = until its root is removed."),
    Parameter(name="every", kind="duration", default=0,
              help="It comes back after about this long, from start to start (each time varied by a quarter); "
                   "0 = once. With a short `lasts` it flaps."),
)  # fmt: skip
"""How a disturbance goes on in time: every fault that isn't standing takes these."""
