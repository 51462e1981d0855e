"""The players by name."""

from __future__ import annotations

from incidentsim.policies.base import Player
from incidentsim.policies.habits import do_nothing, restart_all, scale_first
from incidentsim.policies.informed import lucky_guess, reference
from incidentsim.policies.novice import novice

PANEL: dict[str, Player] = {
    "do_nothing": do_nothing,
    "reference": reference,
    "restart_all": restart_all,
    "scale_first": scale_first,
    "lucky_guess": lucky_guess,
    "novice": novice,
}
"""Every player of `specs.people.POLICIES`."""
