"""`python -m gateway serve | migrate | organizations … | keys … | members …`."""

from __future__ import annotations

import sys

from gateway.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
