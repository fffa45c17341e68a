"""The diffusion engine: requests in, events out. It never hears of Discord, members, plans or a database."""
