"""The raw ASGI edge: who is calling, may they, how often, how much."""
