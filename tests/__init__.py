"""Tests: the source tree, path for path, and what crosses it."""
