"""What all tests share: Hypothesis settings that do not depend on how busy the machine is.

In CI the examples are always the same, so that a red run means a change and not a draw.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("steady")
