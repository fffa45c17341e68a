"""Buttons under messages. A button's custom id holds ids, nothing else, so that it works after any restart."""
