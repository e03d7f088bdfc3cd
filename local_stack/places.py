"""Where things lie: the checkout, and everything of ours below `.local`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
USES = ("up", "demo")
"""What runs on this machine, each with data of its own in `.local/<use>`."""
