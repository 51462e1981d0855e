"""What a play was worth: evidence, diagnosis, credit, process, harm, times, words. Pure functions.

`score.score` puts them together; the command line, reports, certificates and sweeps call it. Nothing here
runs a world: re-simulation is handed in as `protocol.Resimulate`, so a transcript whose world can't be run
still gets everything that words and looks decide.
"""
