"""Pure view models: snapshot and events in, styled rows out. Nothing here imports textual."""
