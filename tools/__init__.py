"""Development tools: generated docs and the determinism lint. Not part of the installed package."""
