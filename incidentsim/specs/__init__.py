"""Pure declarations: components, knobs, faults, metrics, verbs, people, policies.

The one home of every name a person or a file may use. Scenario validation, completion, help, generated
docs and lint read it; a test proves that `incidentsim.world` implements exactly this. Nothing here computes.
"""
