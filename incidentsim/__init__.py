"""incidentsim: a deterministic, causal incident simulator for LLM and ML serving systems."""

from incidentsim import sources as _sources

__version__ = "0.1.0"

_sources.use_build(__path__)
