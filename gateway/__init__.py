"""The public door: who is calling, may they, how often; then forward."""
