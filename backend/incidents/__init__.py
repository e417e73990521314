"""What happened between two moments, put together from all that watches the platform.

`collect.py` asks every source at once and goes on without those that do not answer; `markdown.py`
and `bundle.py` write it down for a report.
"""
