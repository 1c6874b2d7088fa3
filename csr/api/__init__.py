"""Cases over HTTP: what comes in, what goes out, and the endpoints between."""
