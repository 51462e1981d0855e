"""Where scenarios and stacks are looked for: a given folder, ./scenarios, the ones that ship."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def packaged_root() -> Path:
    """Return the folder of the scenarios that ship: in the wheel's data, or the checkout's `scenarios`."""
    installed = _PACKAGE / "_data" / "scenarios"
    return installed if installed.is_dir() else _PACKAGE.parent / "scenarios"


def scenario_roots(given: Path | None = None) -> tuple[Path, ...]:
    """Return the folders to search, first found wins; each once, existing ones only."""
    roots: dict[Path, Path] = {}
    for root in (given, Path("scenarios"), packaged_root()):
        if root is not None and root.is_dir():
            roots.setdefault(root.resolve(), root)
    return tuple(roots.values())


def stack_folders(scenario_folder: Path, given: Path | None = None) -> tuple[Path, ...]:
    """Return the folders to search for a scenario's stack."""
    if given is not None:
        return (given,)
    beside = scenario_folder.absolute().parent / "stacks"
    shipped = packaged_root() / "stacks"
    return (beside,) if beside.resolve() == shipped.resolve() else (beside, shipped)
