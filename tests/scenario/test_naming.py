"""Names of a scenario: which programs write log lines."""

from __future__ import annotations

from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.naming import inventory
from incidentsim.scenario.places import packaged_root


def test_programs_around_components_are_log_services() -> None:
    """Where there is a pipeline, its scheduler and validators can be asked for their lines; else they can't."""
    with_pipeline = inventory(load_scenario(packaged_root() / "declined-payments")).services()
    without = inventory(load_scenario(packaged_root() / "slow-chat")).services()
    assert {"validator", "airflow", "kubelet", "gateway"} <= set(with_pipeline)
    assert {"kubelet", "kernel", "gateway"} <= set(without)
    assert not {"validator", "airflow"} & set(without)
    assert len(set(with_pipeline)) == len(with_pipeline)
