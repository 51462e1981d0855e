"""Scripted players on the public session protocol: how good and how gameable a scenario and its scoring are.

They act through the same commands as a person and see what a candidate sees. Only those of `informed` and `styles`
are told the reference solutions or the truth, by the harness, in a Briefed.
"""

from incidentsim.policies.base import Briefed, Crash, Player
from incidentsim.policies.memorisers import MEMORISERS
from incidentsim.policies.panel import PANEL

__all__ = ["MEMORISERS", "PANEL", "Briefed", "Crash", "Player"]
