"""The 34 endpoints, in six files; what each emits stands above it."""
