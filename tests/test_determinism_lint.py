"""The determinism lint finds each hazard, leaves harmless code alone, and finds nothing in the package."""

from __future__ import annotations

from pathlib import Path

import pytest

import incidentsim
from tools.determinism_lint import LINTED, lint_package, lint_text

PACKAGE = Path(incidentsim.__file__).parent

HAZARDS = [
    ("import", "import random"),
    ("import", "from datetime import datetime"),
    ("import", "import numpy as np"),
    ("import", "import time"),
    ("import", "from faker import Faker"),
    ("import", "import locale"),
    ("environment", "import os\nhome = os.environ['HOME']"),
    ("environment", "from os import getenv"),
    ("sum", "total = sum(values)"),
    ("identity", "key = hash(name)"),
    ("identity", "key = id(node)"),
    ("set", "for name in set(names):\n    use(name)"),
    ("set", "for name in {'a', 'b'}:\n    use(name)"),
    ("set", "out = [n for n in {m.name for m in all_of_them}]"),
    ("set", "first = next(iter(set(names)))"),
    ("set", "text = ', '.join({'a', 'b'})"),
    ("set", "rest = [*set(names)]"),
    ("set", "for name in set(a) - b:\n    use(name)"),
    ("set", "one = set(names).pop()"),
    ("math", "import math\ny = math.log(x)"),
    ("math", "import math\ny = math.exp(x)"),
    ("math", "import math\ny = math.pow(x, 2)"),
    ("math", "from math import sin"),
    ("power", "y = x ** 0.5"),
    ("power", "y = 10 ** -3"),
    ("power", "x **= 2"),
    ("power", "y = pow(x, 2)"),
]

HARMLESS = [
    "import math\ny = math.isqrt(4) + math.floor(z) + math.sqrt(z)",
    "from math import frexp, ldexp, inf",
    "total = sum(counts)  # exact: ints",
    "total = sum(\n    counts\n)  # exact: ints",
    "for name in sorted(set(names)):\n    use(name)",
    "known = set(names)\nif name in known:\n    use(len(known))",
    "scale = 10 ** digits",
    "import os.path",
    "from datetime import timedelta",
    "last = stack.pop()",
    "text = ', '.join(names)",
]


@pytest.mark.parametrize(("rule", "source"), HAZARDS)
def test_each_hazard_is_found(rule: str, source: str) -> None:
    """A snippet with one hazard gives a finding of its rule, with a line and a way out."""
    (finding,) = lint_text(source)
    assert finding.rule == rule
    assert finding.line >= 1
    assert finding.message


@pytest.mark.parametrize("source", HARMLESS)
def test_harmless_code_is_left_alone(source: str) -> None:
    """Exact functions, marked integer sums, ordered iteration and membership tests give no finding."""
    assert lint_text(source) == []


def test_the_engine_has_no_hazard() -> None:
    """Nothing that feeds a digest or a score depends on the machine, the moment or an arbitrary order."""
    assert lint_package(PACKAGE) == []


def test_a_planted_hazard_is_reported_with_its_place(tmp_path: Path) -> None:
    """The lint of a package names the file and the line of what it finds."""
    (tmp_path / "pkg" / "world").mkdir(parents=True)
    (tmp_path / "pkg" / "world" / "clock.py").write_text("\nimport time\n", encoding="utf-8")
    (line,) = lint_package(tmp_path / "pkg")
    assert line.replace("\\", "/").startswith("pkg/world/clock.py:2: import: time ")


def test_what_is_linted_exists() -> None:
    """Every linted name is really there, so a renamed package can't fall out of the lint unseen."""
    missing = [name for name in LINTED if not (PACKAGE / name).exists()]
    assert missing == []
