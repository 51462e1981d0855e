"""Verbs that write down what a person thinks."""

from __future__ import annotations

from incidentsim.specs.verbs.base import VerbSpec, arg

P = arg("p", "probability", "How sure you are, 0 to 1.", required=False)

THINK_VERBS = (
    VerbSpec(name="hypothesis", group="think", help="State what you think is going on, and how sure you are.",
             arguments=(arg("statement", "text", "In your own words.", rest=True),),
             options=(P, arg("cause", "cause", "COMPONENT:FAULT, if you can name it: this is what is scored.",
                             required=False)),
             example='hypothesis "long prompts crowd out the rest" --cause gateway:length_blind_admission --p 0.6'),
    VerbSpec(name="rule-out", group="think", help="Drop a hypothesis, by its number or by cause.",
             arguments=(arg("what", "text", "The hypothesis number or the statement.", rest=True),),
             example="rule-out 2"),
    VerbSpec(name="diagnose", group="think", help="Commit a diagnosis: a component and the kind of fault.",
             arguments=(arg("component", "fault_component", "A component."),
                        arg("fault", "fault_kind", "A fault kind of that component.")), options=(P,),
             example="diagnose gateway length_blind_admission --p 0.8"),
    VerbSpec(name="note", group="think", help="Write something down, for yourself and the postmortem.",
             arguments=(arg("text", "text", "The note.", rest=True),), example='note "restarts did not help"'),
)  # fmt: skip
"""The verbs of this group."""
