"""The benchmark: the product against the floor, over real HTTP, call by call. `make bench`; see docs/performance.md."""
