"""Sources: configured origins whose provider sends webhooks to us."""
