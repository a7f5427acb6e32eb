"""`python -m confledger` is the command line."""

from confledger.cli import main

main()
