"""Names of the measured step models that a pool can run on, with the cards that each was measured on.

Scenario files name them (`step_model`); their coefficients are `world.stack.engine.step_model.PRESETS`.
"""

from __future__ import annotations

STEP_MODELS: dict[str, tuple[str, int]] = {
    "llama3_8b_a100_tp1": ("A100-SXM4-80GB", 1),
    "llama3_8b_h100_tp1": ("H100-SXM5-80GB", 1),
    "llama3_70b_a100_tp4": ("A100-SXM4-80GB", 4),
    "llama3_70b_h100_tp4": ("H100-SXM5-80GB", 4),
    "llama3_70b_h100_tp8": ("H100-SXM5-80GB", 8),
}
"""Name -> (card, cards of a replica)."""
