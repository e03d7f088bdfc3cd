"""Traces: what happened to one piece of feedback, stage by stage, with times and reasons."""
