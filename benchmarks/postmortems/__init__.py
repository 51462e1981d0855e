"""Postmortems of every scenario that has texts here: good, terse, stuffed, reversed, shotgun, empty, paraphrases.

`python -m benchmarks.postmortems` prints what the check makes of them. They name the cast by placeholders, as
scenarios do.
"""
