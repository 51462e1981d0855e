"""What a scenario may say it trains: the operational skill buckets and the shapes of exercises.

Lint holds scenarios to these names, so that a set of them can be counted; the gallery shows them.
"""

from __future__ import annotations

SKILLS: dict[str, str] = {
    "inference": "Inference optimisation: p99, first tokens, cost per token.",
    "reliability": "Circuit breakers, fallbacks, degradation.",
    "observability": "Metrics of quality, drift and injection; what the signals themselves get wrong.",
    "compliance": "Personal data, audit, residency.",
}
"""The four buckets that every set of scenarios has to sample. A scenario may name further skills beside them."""

SHAPES: dict[str, str] = {
    "flaky model endpoint": "5xx and slow answers; backoff, circuit breaker, idempotency, deterministic fallback.",
    "canary and rollback": "Traffic split, gates, drift, cold start, cost; fast, predictable rollback.",
    "data validation and drift": "Missing values, types, new categories, shifted distributions; alerts that can be "
                                 "acted on.",
    "low-confidence outputs after a data-pipeline change": "Then a postmortem, and a runbook that would have "
                                                           "shortened the repair.",
    "prompt injection wave": "Guardrail thresholds, over-blocking, a human review queue.",
    "production troubleshooting": "One to three planted issues at once, team-mates, an incident report.",
    "scaling under constraint": "Few accelerators, data that must stay in a region, a promise of latency.",
    "scar tissue": "A question from experience as a live world, such as p50 fine and p99 not.",
}  # fmt: skip
"""The eight exercise shapes, by the name that a scenario gives in `shapes`."""
