"""The components of the serving stack, one module each."""
