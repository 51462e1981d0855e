"""Checks every shipped rule file with `promtool check rules`; used by `promql_agreement` and by the tests."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.prometheus_host import tool
from incidentsim.scenario.places import packaged_root


def shipped_rules() -> dict[str, Any]:
    """Return the rule file's content of every shipped stack that has one, by the stack's name."""
    found = {}
    for path in sorted((packaged_root() / "stacks").glob("*.yaml")):
        rules = yaml.safe_load(path.read_text(encoding="utf-8")).get("alert_rules")
        if rules:
            found[path.stem] = rules
    return found


def problems(rules: Any) -> str:
    """Return what promtool finds wrong with a rule file's content, empty when nothing. Raises ToolMissing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yml"
        path.write_text(json.dumps(rules), encoding="utf-8")  # JSON is YAML
        command = [tool("promtool"), "check", "rules", "--lint-fatal", str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip() if done.returncode else ""


def check_rules() -> dict[str, str]:
    """Return promtool's complaints by stack, empty ones where all is well. Raises ToolMissing."""
    return {name: problems(rules) for name, rules in shipped_rules().items()}
