"""Reads another ledger over the wire: the vendor's service, or another confledger."""
