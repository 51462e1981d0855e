"""One module per verb, each with a click command called `command`, imported when the verb is used."""
