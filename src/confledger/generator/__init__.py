"""Meetings that never were, for trying things on: plausible, and the same for the same seed."""
