"""Which public path goes to which service, and the connections that carry it there."""
