"""What users think of the answers."""

from __future__ import annotations

from typing import Literal

from incidentsim.scenario.fields import Ratio
from incidentsim.scenario.parts.base import Part


class QualityPart(Part):
    """How answers are judged. Shares in ppm: bad answers of a healthy stack; thumbs down on bad and good ones."""

    kind: Literal["quality"] = "quality"
    base_defects: Ratio = 15_000
    thumbs_down_bad: Ratio = 120_000
    thumbs_down_good: Ratio = 8_000
    regenerate_bad: Ratio = 250_000
    regenerate_good: Ratio = 20_000
