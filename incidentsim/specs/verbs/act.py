"""Verbs that change the world."""

from __future__ import annotations

from incidentsim.specs.verbs.base import VerbSpec, arg

ACT_VERBS = (
    VerbSpec(name="set", group="act", danger="caution", duration="5 s; engine arguments restart pods one by one",
             help="Change a knob of a component.", inverse="set the former value",
             arguments=(arg("knob", "knob", "component.knob"), arg("value", "value", "The new value.")),
             example="set gateway.admission tokens"),
    VerbSpec(name="limit", group="act", danger="caution", duration="5 s", inverse="restore the former limit",
             help="Limit a tenant's tokens or requests per minute at the gateway.",
             arguments=(arg("tenant", "tenant", "A tenant."), arg("resource", "resource", "tokens or requests"),
                        arg("rate", "rate", "Per minute, or `unlimited`; 0 blocks.")),
             example="limit acme tokens 300k"),
    VerbSpec(name="waiver", group="act", danger="caution", duration="5 s", inverse="reinstate the waiver",
             help="End a waiver, now or after a while.",
             arguments=(arg("action", "waiver_action", "expire"), arg("waiver", "waiver", "A waiver id.")),
             options=(arg("in", "duration", "When it ends; now by default.", required=False),),
             example="waiver expire CHG-1042"),
    VerbSpec(name="priority", group="act", danger="caution", duration="5 s", inverse="restore the former tier",
             help="Set a tenant's tier in the flow-control queue.",
             arguments=(arg("tenant", "tenant", "A tenant."), arg("tier", "tier", "The new tier.")),
             example="priority acme batch"),
    VerbSpec(name="scale", group="act", danger="caution", duration="minutes: GPU, image, weights",
             inverse="scale back", help="Set the number of replicas of a pool.",
             arguments=(arg("pool", "pool", "A pool."), arg("count", "count", "Replicas wanted.")),
             example="scale chat-pool 10"),
    VerbSpec(name="restart", group="act", danger="destructive", duration="about 80 s for each replica",
             help="Restart a replica, or a whole pool at once. Work in flight is lost; the KV cache starts cold.",
             arguments=(arg("target", "target", "A replica or a pool."),), example="restart chat-pool-3"),
    VerbSpec(name="drain", group="act", danger="caution", duration="until its last request ends",
             inverse="route to it again", help="Stop routing to a replica and let it finish.",
             arguments=(arg("target", "replica", "A replica."),), example="drain chat-pool-3"),
    VerbSpec(name="rollback", group="act", danger="caution", duration="5 s for configuration; minutes for images",
             inverse="apply the change again", help="Revert a change of the change log.",
             arguments=(arg("change", "change", "A change id."),), example="rollback CHG-1044"),
    VerbSpec(name="shed", group="act", danger="caution", duration="5 s", inverse="remove the rule",
             help="Refuse a share of requests at the gateway with 429; 0% removes the rule.",
             arguments=(arg("selector", "shed_selector", "all, tenant=X, tier=X or prompt_tokens>N"),
                        arg("percent", "percent", "Share to refuse.")), example="shed prompt_tokens>16000 50%"),
    VerbSpec(name="silence", group="act", danger="caution", duration="at once", inverse="lift the silence",
             help="Silence an alert: it still fires, nobody is told.",
             arguments=(arg("alert", "alert", "An alert."),), example="silence TTFTBurnRateFast"),
    VerbSpec(name="undo", group="act", danger="caution", help="Issue the inverse of an earlier command.",
             arguments=(arg("seq", "seq", "The number shown beside that command."),), example="undo 14"),
)  # fmt: skip
"""The verbs of this group."""
