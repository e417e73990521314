"""Sweeps: one backtest with many sets of parameters, run as many runs that share their data."""
