"""What commands do to the world, one module a family. `ACTIONS` maps each verb to its action."""

from __future__ import annotations

from typing import Final

from incidentsim.world.actions.alerting import SetAlert, Silence
from incidentsim.world.actions.base import Action
from incidentsim.world.actions.caches import Purge
from incidentsim.world.actions.capacity import Restart, Scale
from incidentsim.world.actions.changes import Rollback, WaiverExpiry
from incidentsim.world.actions.config import Limit, Priority, SetKnob
from incidentsim.world.actions.jobs import Backfill, Pause, Rerun, Resume
from incidentsim.world.actions.nodes import Cordon, Drain
from incidentsim.world.actions.people import Ask, PagePerson
from incidentsim.world.actions.pinning import Pin
from incidentsim.world.actions.retrieval import Failover
from incidentsim.world.actions.traffic import Canary, Flush, Renew, RouteTraffic, Shed, Terminate

ACTIONS: Final[dict[str, Action]] = {
    "set": SetKnob(),
    "limit": Limit(),
    "priority": Priority(),
    "shed": Shed(),
    "route": RouteTraffic(),
    "canary": Canary(),
    "terminate": Terminate(),
    "flush": Flush(),
    "renew": Renew(),
    "waiver": WaiverExpiry(),
    "rollback": Rollback(),
    "pin": Pin(),
    "scale": Scale(),
    "restart": Restart(),
    "drain": Drain(),
    "cordon": Cordon(),
    "purge": Purge(),
    "pause": Pause(),
    "resume": Resume(),
    "rerun": Rerun(),
    "backfill": Backfill(),
    "failover": Failover(),
    "silence": Silence(),
    "alert": SetAlert(),
    "ask": Ask(),
    "page": PagePerson(),
}
"""Every verb that reaches the world; `undo` is resolved to one of these before it gets here."""
