"""The vendor-compatible API. Only here is its spelling known."""
