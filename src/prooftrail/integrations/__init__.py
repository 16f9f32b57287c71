"""What is made for one framework or library each, imported by whoever uses it."""
