"""Measurements of what the kit does fast, against what one would use instead."""
