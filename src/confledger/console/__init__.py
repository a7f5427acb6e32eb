"""The console: pages for people, and the calls that these pages make."""
