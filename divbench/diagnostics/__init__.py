"""What the critic does: pure functions of a value function, parameters and a batch. Knows nothing of training."""
