"""What confledger is measured beside. These run in an environment of their own."""
