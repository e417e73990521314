"""Objectives of the platform, and what is generated from them."""
