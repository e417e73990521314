"""NautilusTrader: engines, nodes, catalogs and wranglers."""
