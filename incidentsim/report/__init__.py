"""Reports of one play: a pure view model (`build`), and its HTML, Markdown and JSON forms.

Called by `incidentsim report`. Nothing here runs a world or reads a file of the user's: it is handed a score,
a transcript, a scenario and what re-simulation gave, and returns text.
"""
