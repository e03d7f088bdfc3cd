"""The published language of cxloop's services (contracts) and the plumbing below it; no product logic."""
