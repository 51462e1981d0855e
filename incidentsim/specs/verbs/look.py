"""Verbs that look at signals."""

from __future__ import annotations

from incidentsim.specs.verbs.base import VerbSpec, arg

LAST = arg("last", "duration", "How far to look back, 10m by default.", required=False)

LOOK_VERBS = (
    VerbSpec(name="query", group="look", help="Evaluate PromQL over the scraped metrics.",
             arguments=(arg("expr", "promql", "A PromQL expression.", rest=True),), options=(LAST,),
             example="query sum by (tenant) (rate(gateway_tokens_total[1m]))"),
    VerbSpec(name="logs", group="look", help="Filter the logs; the newest matching lines come last.",
             arguments=(arg("filter", "filter", "level>=warn svc:gateway tenant:x text -text", required=False,
                             rest=True),), options=(LAST,), example="logs level>=warn svc:chat-pool preempt"),
    VerbSpec(name="trace", group="look", help="Show one request as a waterfall, or list the slowest sampled ones.",
             arguments=(arg("id", "trace", "`slowest`, or a trace id."),), options=(LAST,),
             example="trace slowest"),
    VerbSpec(name="cost", group="look", help="Show who spends what: by tenant, pool or conversation, dearest first.",
             arguments=(arg("by", "cost_by", "tenant (default), pool or conversation.", required=False),),
             options=(LAST,), example="cost conversation"),
    VerbSpec(name="inspect", group="look", help="Show a component's settings and state, from its own API.",
             arguments=(arg("component", "component", "A component, for example gateway."),),
             example="inspect gateway"),
    VerbSpec(name="changes", group="look",
             help="List deploys, configuration, flags and waivers, the newest first, or show one.",
             arguments=(arg("id", "change", "A change id; none lists all.", required=False),), example="changes"),
    VerbSpec(name="alerts", group="look", help="List alerts: firing, pending, silenced.", example="alerts"),
    VerbSpec(name="runbook", group="look", help="List the team's runbooks, or open one.",
             arguments=(arg("name", "runbook", "A runbook.", required=False),), example="runbook ttft-slo"),
    VerbSpec(name="topology", group="look", help="Show the stack with health and traffic.", example="topology"),
    VerbSpec(name="ask", group="look", help="Ask a team-mate; the answer takes a while.",
             arguments=(arg("who", "person", "A team-mate."),
                        arg("question", "text", "The question, in your own words.", rest=True)),
             example='ask platform "what changed on the gateway this week?"'),
)  # fmt: skip
"""The verbs of this group."""
