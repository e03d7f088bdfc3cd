"""Files in: CSV and JSONL exports become feedback, in slices that survive any crash."""
