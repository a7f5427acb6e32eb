"""How records go out: files for people, for programs, and for another ledger."""
