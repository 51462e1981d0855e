"""The command line: one module per verb, exit codes, plain mode. Nothing imports it but the entry point."""
