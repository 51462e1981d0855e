"""A postmortem measured against the record: facts, causal claims, and prevention proven by re-simulation.

`check.check` is the door; `template.template` writes the empty form. Pure: worlds run inside a callable.
"""
