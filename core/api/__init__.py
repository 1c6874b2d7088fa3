"""What the HTTP API of every app builds on. Source: docs/api.md."""
