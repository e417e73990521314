"""Strategies that a request may name. Importing this package does not import NautilusTrader."""
