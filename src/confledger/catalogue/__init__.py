"""The vocabulary: what can be done in a conference, and what it is called. Pure."""
