"""A Django application, whose changes are told before and after."""
