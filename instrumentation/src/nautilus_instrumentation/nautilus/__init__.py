"""NautilusTrader: engines, nodes, catalogs, conversions."""
