"""incidentsim: a deterministic, causal incident simulator for LLM and ML serving systems."""

__version__ = "0.1.0"
