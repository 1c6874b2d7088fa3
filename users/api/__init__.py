"""The HTTP API: who asks, and the base of every endpoint."""
