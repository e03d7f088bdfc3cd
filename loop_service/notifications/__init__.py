"""Notifications: tell the person who owns a case."""
