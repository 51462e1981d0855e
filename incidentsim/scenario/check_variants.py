"""The check of a `variants` section: names are unique, every address leads somewhere, every range is one.

The loader calls it. Whether the siblings themselves are valid is asked where they are wanted, since each has to be
checked like a scenario: `scenario lint` and `scenario vary`, through `scenario.siblings`.
"""

from __future__ import annotations

from incidentsim.scenario.parts import Variants
from incidentsim.scenario.problems import Path
from incidentsim.scenario.tree import Node
from incidentsim.scenario.validate import Located
from incidentsim.scenario.vary import SECTION, Tried, edited


def check_variants(variants: Variants, written: Node, located: Located) -> None:
    """Report what can't be done, at its line: each option is tried once, beside what is written of the others."""
    _check_names(variants, located)

    def report(path: Path, message: str) -> None:
        located.report(path, message, key=len(path) > 1 and path[-2] in ("set", "add"))

    edited(written, variants, Tried(), report)
    without_ranges = variants.model_copy(update={"ranges": ()})
    for i, choice in enumerate(variants.choices):
        for n in range(len(choice.options)):
            edited(written, without_ranges, Tried(choice=i, option_number=n, ids=variants.choices), report)


def _check_names(variants: Variants, located: Located) -> None:
    seen: list[str] = []
    for i, choice in enumerate(variants.choices):
        path: Path = (SECTION, "choices", i)
        if choice.id in seen:
            located.report((*path, "id"), f"there is already a choice called {choice.id!r}")
        seen.append(choice.id)
        options = [option.id for option in choice.options]
        for j, option in enumerate(options):
            if option in options[:j]:
                located.report((*path, "options", j, "id"), f"there is already an option called {option!r}")
