"""Which of the shipped scenarios tests go through, read from their folders so that a new one is tested at once."""

from __future__ import annotations

from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import packaged_root


def shipped_with_variants() -> list[str]:
    """Return the names of the shipped scenarios that say in what their siblings may differ."""
    root = packaged_root()
    return [
        name for name, folder in folders(root).items()
        if (root / name).is_dir() and load_scenario(folder).variants is not None
    ]  # fmt: skip
