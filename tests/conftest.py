"""What all tests share: Hypothesis settings that do not depend on how busy the machine is.

In CI the examples are always the same, so that a red run means a change and not a draw. Tests run the sources, also
where there is a compiled build of them, since some replace parts of them; tests/world/test_compiled.py judges builds.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["INCIDENTSIM_PURE"] = "1"  # before anything of the package is imported

settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("steady")
