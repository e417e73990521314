"""What runs the stack as containers."""
