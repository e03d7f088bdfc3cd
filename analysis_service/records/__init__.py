"""Records: feedback as analysed, stored once and counted once."""
