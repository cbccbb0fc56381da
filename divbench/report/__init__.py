"""What a run's tables mean: aggregates over seeds, tables for people, and pictures. Imports no jax."""
