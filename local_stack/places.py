"""Where things lie: the checkout, and everything of ours below `.local` (or below CXLOOP_LOCAL)."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = Path(os.environ.get("CXLOOP_LOCAL") or ROOT / ".local").absolute()
USES = ("up", "demo")
"""What runs on this machine, each with data of its own in `.local/<use>`."""


def shown(path: Path) -> str:
    """A path as a person in the checkout would write it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
