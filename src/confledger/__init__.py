"""A self-hosted ledger of conference-control records."""

__version__ = "0.1.0"
