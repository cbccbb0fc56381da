"""What each command does, once its words are read: a function from what was given to an `Answer`. Thin."""
