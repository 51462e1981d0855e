"""Benchmarks and their oracles: the naive engine, reference data, the figures of world.md §6."""
