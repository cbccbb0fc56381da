"""How fast this machine trains: update and env step rates by lanes and UTD, beside its matrix products."""
