"""Every catalogue row as a small world: does the fault show its symptoms, do the right and wrong moves help and hurt?

`python -m benchmarks.signatures [ROW...]` prints the table of docs/results.md; `tests/signatures` asserts it.
One module of `rows/` a family, each with `CASES`.
"""
