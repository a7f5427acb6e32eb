"""Measures confledger beside its peers in one run: see docs/explanation/benchmarks.md."""
