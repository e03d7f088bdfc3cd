"""HTTP inside a service: the app, identity, bodies, errors, pages."""
