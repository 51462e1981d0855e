"""Postmortems of every scenario that has texts here: good, terse, stuffed, reversed, shotgun, empty, paraphrases.

`python -m benchmarks.postmortems` plays each scenario's first reference and prints what the check makes of the
texts. The texts name the cast by placeholders, as scenarios do.
"""
