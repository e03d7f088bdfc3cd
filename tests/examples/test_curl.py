"""examples/curl.sh runs to its end against the real stack."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


async def test_every_call_is_answered(gateway_url: str, secret_key: str, tmp_path: Path) -> None:
    path = os.environ["PATH"]
    if shutil.which("curl") is None:
        stand_in = tmp_path / "curl"
        stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/examples/curl_stand_in.py "$@"\n')
        stand_in.chmod(0o755)
        path = f"{tmp_path}:{path}"
    ran = await asyncio.create_subprocess_exec(
        "sh",
        str(ROOT / "examples/curl.sh"),
        env={**os.environ, "PATH": path, "CXLOOP_URL": gateway_url, "CXLOOP_SECRET_KEY": secret_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(ran.communicate(), 60)
    assert ran.returncode == 0, (out.decode()[-2000:], err.decode())
    text = out.decode()
    assert '"status":"accepted"' in text.replace(" ", "") or '"status":"duplicate"' in text.replace(" ", "")
    assert '"ci95"' in text
    assert '"sentiment"' in text
