"""The parsed form of one command line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as it is recorded and applied.

    `args` holds the verb's arguments and options by name, as normalised text (shown names, not stable ids);
    options that were not given are absent. Nothing here is resolved against the world yet.
    """

    verb: str
    args: dict[str, str] = field(default_factory=dict)
    because: str = ""
    dry_run: bool = False
