"""The catalogue over HTTP, to read."""
