"""Our own web pages, for what a chat has no room for. Reached by signed links that members get in the chat."""
