"""Which siblings of a scenario its folder has certificates of: the first one of every other cause.

Siblings are drawn by number without end, so not each can be certified beforehand; causes are few, and what siblings of
one cause differ in beside it are names, times and parameters inside stated ranges. `scenario certify --siblings`
makes the certificates, `scenario vary --certify` those of other siblings, beside them.
"""

from __future__ import annotations

from pathlib import Path

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.siblings import Parent

FOLDER = "siblings"
"""Where the certificates lie in the parent's folder, each named by its sibling."""

MOST = 10_000
"""Numbers tried: far more than it takes to draw each of a few options once."""


def first_numbers(parent: Parent) -> tuple[int, ...]:
    """Return the numbers, with seed 0, of the first sibling for each option of the choices that must differ.

    The first sibling alone where no choice must.
    """
    wanted = {
        (choice.id, option.id) for choice in parent.variants.choices if choice.differs for option in choice.options[1:]
    }  # fmt: skip
    found: list[int] = []
    for number in range(1, MOST):
        new = wanted & parent.taken(number).items()
        if new:
            found.append(number)
            wanted -= new
        if not wanted:
            break
    return tuple(found) or (1,)


def first_siblings(folder: Path) -> list[tuple[Path, Scenario]]:
    """Return (where its certificate lies, the sibling) for the first sibling of every other cause of a scenario.

    Raises ScenarioError when it has no section `variants`, or it or one of them is not valid.
    """
    parent = Parent(folder)
    made = (parent.sibling(number).scenario for number in first_numbers(parent))
    return [(parent.root / FOLDER / f"{one.id}.json", one) for one in made]
