"""Stages that requests pass before a model: guardrail, preprocessing, answer cache (retrieval has its own room)."""
