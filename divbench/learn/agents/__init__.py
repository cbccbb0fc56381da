"""One file per algorithm: its state, its losses, its update."""
