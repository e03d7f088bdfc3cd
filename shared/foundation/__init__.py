"""Settings, clock, ids: what everything else stands on."""
