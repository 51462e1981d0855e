"""Scenarios × players × seeds: one engine that plays them all, on local processes or on a Dask cluster.

`run.sweep` is the one code path; `local` and `cluster` are where cells are played. Called by `incidentsim sweep` and
by `benchmarks.panel`.
"""
