"""Figures that a stranger can print again. Each program ends with one line of JSON."""
