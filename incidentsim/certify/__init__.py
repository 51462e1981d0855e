"""Proofs by running: what a scenario, or a runbook, really does over seeds."""
