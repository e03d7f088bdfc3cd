"""What crosses a boundary: events, who hears them, identity, problems. No I/O here."""
