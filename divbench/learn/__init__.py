"""How it trains: networks, replay, agents and the compiled training loop. Pure functions on pytrees."""
