"""The HTTP side of the stand-in, one file of routes per noun."""
