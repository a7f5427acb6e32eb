"""The rules of the ledger. Pure: no file, no network, no database."""
