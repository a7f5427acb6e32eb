"""How the service meets the network."""

from confledger.server.run import Address, serve

__all__ = ["Address", "serve"]
