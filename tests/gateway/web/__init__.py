"""Tests of what a browser loads, without a browser."""
