"""The diffusion engine: requests in, events out. It never hears of Discord, members, plans or a database."""

VERSION = "2"  # of what pictures and timings depend on: a new one measures anew
