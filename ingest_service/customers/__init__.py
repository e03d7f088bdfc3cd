"""Customers: who spoke, under which identities, and everything we know he went through."""
