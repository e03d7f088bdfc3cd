"""Annotations on request: what texts mean, without storing them."""
