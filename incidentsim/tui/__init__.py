"""The Textual terminal: screens, tabs and widgets over a `client_api.Session`; the CLI hands it objects."""
