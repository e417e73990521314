"""`make drill`: injects faults for real and measures how long the right notification takes."""
