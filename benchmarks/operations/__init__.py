"""What can be done with a picture, measured on the starter's own reference pictures."""
