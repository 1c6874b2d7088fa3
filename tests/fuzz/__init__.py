"""Many requests that nobody would write by hand, made from the description of the API."""
