"""The HTTP API of cases."""
