"""The organisation: changes, waivers, owners, and team-mates who answer from the world's state."""
