"""The players by name."""

from __future__ import annotations

from incidentsim.policies.base import Player
from incidentsim.policies.books import copy_runbook
from incidentsim.policies.habits import (
    do_nothing,
    harmful,
    load_shedder,
    restart_all,
    scale_first,
    shotgun_fix,
    silencer,
)
from incidentsim.policies.informed import (
    crash_resume_reference,
    lucky_guess,
    oracle_cheat,
    reference,
    slow_clock_reference,
)
from incidentsim.policies.novice import novice
from incidentsim.policies.styles import fast_expert, mitigate_first, other_tools_expert, thorough_slow
from incidentsim.policies.words import ack_only, keyword_stuffer, shotgun_diagnose

PANEL: dict[str, Player] = {
    "do_nothing": do_nothing,
    "ack_only": ack_only,
    "shotgun_fix": shotgun_fix,
    "shotgun_diagnose": shotgun_diagnose,
    "restart_all": restart_all,
    "scale_first": scale_first,
    "lucky_guess": lucky_guess,
    "keyword_stuffer": keyword_stuffer,
    "copy_runbook": copy_runbook,
    "harmful": harmful,
    "silencer": silencer,
    "load_shedder": load_shedder,
    "oracle_cheat": oracle_cheat,
    "novice": novice,
    "thorough_slow": thorough_slow,
    "fast_expert": fast_expert,
    "mitigate_first": mitigate_first,
    "other_tools_expert": other_tools_expert,
    "reference": reference,
    "slow_clock_reference": slow_clock_reference,
    "crash_resume_reference": crash_resume_reference,
}
"""Every player of `specs.people.POLICIES`."""
