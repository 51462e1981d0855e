"""The rules of lint, by what they look at; `incidentsim.scenario.lint` lists and runs them."""
