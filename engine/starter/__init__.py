"""The small model that ships with us: its network, its weights, its cards, and the program that trains it."""
