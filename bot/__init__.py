"""Easel: a picture studio that lives in Discord and draws with its own engine."""
