"""Networks as flax.linen modules: one critic or one actor each. Several critics, and lanes, are made by `jax.vmap` over
variables (`ensemble`)."""
