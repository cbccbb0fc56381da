"""What to train: suites, variants, protocols, settings, run specification, plan. Pure data; imports no
jax."""
