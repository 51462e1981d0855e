"""Every command a person may type in a session: arguments, options, danger, duration, inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["look", "act", "think", "communicate"]
Danger = Literal["none", "caution", "destructive"]
ArgumentKind = Literal[
    "promql", "filter", "trace", "component", "knob", "value", "tenant", "resource", "rate", "waiver_action",
    "waiver", "tier", "pool", "replica", "count", "target", "change", "runbook", "shed_selector", "percent", "alert",
    "seq", "person", "text", "fault_component", "fault_kind", "probability", "severity", "duration", "cause",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A positional argument or an option. `rest` takes everything up to the next option, unquoted or quoted."""

    name: str
    kind: ArgumentKind
    help: str
    required: bool = True
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbSpec:
    """One verb.

    `inverse` says how `undo` reverts it, empty when it can't. `duration` is what a person should expect.
    Act verbs also take `--because TEXT`, `--dry-run` and `--yes`.
    """

    name: str
    group: Group
    help: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Argument, ...] = ()
    danger: Danger = "none"
    duration: str = ""
    inverse: str = ""
    example: str = ""


def _arg(name: str, kind: ArgumentKind, text: str, *, required: bool = True, rest: bool = False) -> Argument:
    return Argument(name=name, kind=kind, help=text, required=required, rest=rest)


BECAUSE = _arg("because", "text", "The reason, recorded beside the command.", required=False)
"""`--because TEXT`, taken by every act verb."""

_LAST = _arg("last", "duration", "How far to look back, 10m by default.", required=False)
_P = _arg("p", "probability", "How sure you are, 0 to 1.", required=False)

VERBS: dict[str, VerbSpec] = {
    v.name: v
    for v in (
        VerbSpec(name="query", group="look", help="Evaluate PromQL over the scraped metrics.",
                 arguments=(_arg("expr", "promql", "A PromQL expression.", rest=True),), options=(_LAST,),
                 example="query sum by (tenant) (rate(gateway_tokens_total[1m]))"),
        VerbSpec(name="logs", group="look", help="Filter the logs; the newest matching lines come last.",
                 arguments=(_arg("filter", "filter", "level>=warn svc:gateway tenant:x text -text", required=False,
                                 rest=True),), options=(_LAST,), example="logs level>=warn svc:chat-pool preempt"),
        VerbSpec(name="trace", group="look", help="Show one request as a waterfall, or list the slowest sampled ones.",
                 arguments=(_arg("id", "trace", "`slowest`, or a trace id."),), options=(_LAST,),
                 example="trace slowest"),
        VerbSpec(name="inspect", group="look", help="Show a component's settings and state, from its own API.",
                 arguments=(_arg("component", "component", "A component, for example gateway."),),
                 example="inspect gateway"),
        VerbSpec(name="changes", group="look", help="List deploys, configuration, flags and waivers, or show one.",
                 arguments=(_arg("id", "change", "A change id; none lists all.", required=False),), example="changes"),
        VerbSpec(name="alerts", group="look", help="List alerts: firing, pending, silenced.", example="alerts"),
        VerbSpec(name="runbook", group="look", help="List the team's runbooks, or open one.",
                 arguments=(_arg("name", "runbook", "A runbook.", required=False),), example="runbook ttft-slo"),
        VerbSpec(name="topology", group="look", help="Show the stack with health and traffic.", example="topology"),
        VerbSpec(name="ask", group="look", help="Ask a team-mate; the answer takes a while.",
                 arguments=(_arg("who", "person", "A team-mate."),
                            _arg("question", "text", "The question, in your own words.", rest=True)),
                 example='ask platform "what changed on the gateway this week?"'),
        VerbSpec(name="set", group="act", danger="caution", duration="5 s; engine arguments restart pods one by one",
                 help="Change a knob of a component.", inverse="set the former value",
                 arguments=(_arg("knob", "knob", "component.knob"), _arg("value", "value", "The new value.")),
                 example="set gateway.admission tokens"),
        VerbSpec(name="limit", group="act", danger="caution", duration="5 s", inverse="restore the former limit",
                 help="Limit a tenant's tokens or requests per minute at the gateway.",
                 arguments=(_arg("tenant", "tenant", "A tenant."), _arg("resource", "resource", "tokens or requests"),
                            _arg("rate", "rate", "Per minute, or `unlimited`; 0 blocks.")),
                 example="limit acme tokens 300k"),
        VerbSpec(name="waiver", group="act", danger="caution", duration="5 s", inverse="reinstate the waiver",
                 help="End a waiver, now or after a while.",
                 arguments=(_arg("action", "waiver_action", "expire"), _arg("waiver", "waiver", "A waiver id.")),
                 options=(_arg("in", "duration", "When it ends; now by default.", required=False),),
                 example="waiver expire CHG-1042"),
        VerbSpec(name="priority", group="act", danger="caution", duration="5 s", inverse="restore the former tier",
                 help="Set a tenant's tier in the flow-control queue.",
                 arguments=(_arg("tenant", "tenant", "A tenant."), _arg("tier", "tier", "The new tier.")),
                 example="priority acme batch"),
        VerbSpec(name="scale", group="act", danger="caution", duration="minutes: GPU, image, weights",
                 inverse="scale back", help="Set the number of replicas of a pool.",
                 arguments=(_arg("pool", "pool", "A pool."), _arg("count", "count", "Replicas wanted.")),
                 example="scale chat-pool 10"),
        VerbSpec(name="restart", group="act", danger="destructive", duration="about 80 s for each replica",
                 help="Restart a replica, or a whole pool at once. Work in flight is lost; the KV cache starts cold.",
                 arguments=(_arg("target", "target", "A replica or a pool."),), example="restart chat-pool-3"),
        VerbSpec(name="drain", group="act", danger="caution", duration="until its last request ends",
                 inverse="route to it again", help="Stop routing to a replica and let it finish.",
                 arguments=(_arg("target", "replica", "A replica."),), example="drain chat-pool-3"),
        VerbSpec(name="rollback", group="act", danger="caution", duration="5 s for configuration; minutes for images",
                 inverse="apply the change again", help="Revert a change of the change log.",
                 arguments=(_arg("change", "change", "A change id."),), example="rollback CHG-1044"),
        VerbSpec(name="shed", group="act", danger="caution", duration="5 s", inverse="remove the rule",
                 help="Refuse a share of requests at the gateway with 429; 0% removes the rule.",
                 arguments=(_arg("selector", "shed_selector", "all, tenant=X, tier=X or prompt_tokens>N"),
                            _arg("percent", "percent", "Share to refuse.")), example="shed prompt_tokens>16000 50%"),
        VerbSpec(name="silence", group="act", danger="caution", duration="at once", inverse="lift the silence",
                 help="Silence an alert: it still fires, nobody is told.",
                 arguments=(_arg("alert", "alert", "An alert."),), example="silence TTFTBurnRateFast"),
        VerbSpec(name="undo", group="act", danger="caution", help="Issue the inverse of an earlier command.",
                 arguments=(_arg("seq", "seq", "The number shown beside that command."),), example="undo 14"),
        VerbSpec(name="hypothesis", group="think", help="State what you think is going on, and how sure you are.",
                 arguments=(_arg("statement", "text", "In your own words.", rest=True),),
                 options=(_P, _arg("cause", "cause", "COMPONENT:FAULT, if you can name it.", required=False)),
                 example='hypothesis "one tenant fills the KV cache" --p 0.6'),
        VerbSpec(name="rule-out", group="think", help="Drop a hypothesis, by its number or by cause.",
                 arguments=(_arg("what", "text", "The hypothesis number or the statement.", rest=True),),
                 example="rule-out 2"),
        VerbSpec(name="diagnose", group="think", help="Commit a diagnosis: a component and the kind of fault.",
                 arguments=(_arg("component", "fault_component", "A component."),
                            _arg("fault", "fault_kind", "A fault kind of that component.")), options=(_P,),
                 example="diagnose gateway length_blind_admission --p 0.8"),
        VerbSpec(name="note", group="think", help="Write something down, for yourself and the postmortem.",
                 arguments=(_arg("text", "text", "The note.", rest=True),), example='note "restarts did not help"'),
        VerbSpec(name="ack", group="communicate", help="Acknowledge the page.", example="ack"),
        VerbSpec(name="declare", group="communicate", help="Declare the severity.",
                 arguments=(_arg("severity", "severity", "sev1, sev2, sev3 or sev4"),), example="declare sev2"),
        VerbSpec(name="status", group="communicate", help="Send a status update to stakeholders.",
                 arguments=(_arg("text", "text", "The update.", rest=True),),
                 example='status "chat is slow for everyone, we are limiting one tenant"'),
        VerbSpec(name="page", group="communicate", help="Page a team-mate who is not in the channel.",
                 arguments=(_arg("who", "person", "A team-mate."),), example="page account-manager"),
        VerbSpec(name="resolve", group="communicate", help="Declare the incident over and end the session.",
                 arguments=(_arg("text", "text", "A closing line.", required=False, rest=True),),
                 example='resolve "limit back in place, SLO recovered"'),
    )
}  # fmt: skip
"""Every verb, by its name."""
