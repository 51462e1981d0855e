"""Names that scenario files use for what the world measured."""

from __future__ import annotations

from incidentsim.specs.step_models import STEP_MODELS
from incidentsim.world.stack.engine.step_model import PRESETS


def test_every_measured_step_model_can_be_named_with_its_card() -> None:
    """The names and cards of scenario files are those of the world's presets, card for card."""
    assert {name: gpu for name, (gpu, _) in STEP_MODELS.items()} == {name: p.gpu for name, p in PRESETS.items()}
    assert all(name.endswith(f"_tp{count}") for name, (_, count) in STEP_MODELS.items())
