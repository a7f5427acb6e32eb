"""The stores on SQLite, the embedded default. `README.md` tells how they work."""
