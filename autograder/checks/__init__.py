"""The hidden checks, one pytest module a lab."""
