"""Two meetings to try things on."""
