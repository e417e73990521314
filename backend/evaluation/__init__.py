"""Figures that tell how good a run was, and what sets two runs apart."""
