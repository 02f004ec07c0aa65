"""Grades submissions of the labs in isolation. Never shipped to students."""
