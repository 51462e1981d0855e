"""Every command a person may type in a session: arguments, options, danger, duration, inverse."""

from __future__ import annotations

from incidentsim.specs.verbs.act import ACT_VERBS
from incidentsim.specs.verbs.base import BECAUSE, Argument, ArgumentKind, Danger, Group, VerbSpec
from incidentsim.specs.verbs.communicate import COMMUNICATE_VERBS
from incidentsim.specs.verbs.look import LOOK_VERBS
from incidentsim.specs.verbs.think import THINK_VERBS

__all__ = ["BECAUSE", "VERBS", "Argument", "ArgumentKind", "Danger", "Group", "VerbSpec"]

VERBS: dict[str, VerbSpec] = {v.name: v for v in (*LOOK_VERBS, *ACT_VERBS, *THINK_VERBS, *COMMUNICATE_VERBS)}
"""Every verb, by its name."""
