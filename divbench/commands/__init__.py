"""What each command does, once its words are read: a function `(given) -> exit code` each. Thin."""
