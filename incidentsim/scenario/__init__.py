"""Scenario files: YAML to validated `Scenario`, the catalogue, casts, conditions. Data only; runs nothing."""
