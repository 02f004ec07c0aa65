"""The visible checks, one pytest module a lab."""
