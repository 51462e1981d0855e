"""The simulated serving stack: a deterministic discrete-event model in which commands have causal effects."""

from incidentsim.world.world import World

__all__ = ["World"]
