"""Surveys: what was asked, in published revisions that never change."""
