"""What embedded servers share: socket folders that are short and private, errors in words."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from local_stack.binaries import InfrastructureError
from local_stack.embedded import LONGEST_SOCKET_PATH, explain_os_error, private_folder, socket_folder
from local_stack.infrastructure import EmbeddedValkey


def test_sockets_lie_beside_the_data_when_the_path_is_short(tmp_path: Path) -> None:
    assert socket_folder(tmp_path / "d", "s.sock") == tmp_path / "d.run"


def test_a_long_checkout_path_gets_a_short_private_folder_and_it_works(tmp_path: Path) -> None:
    deep = tmp_path / ("a-very-long-name-of-a-folder" * 6) / "checkout" / ".local" / "up"
    with EmbeddedValkey(deep / "valkey") as server:
        assert len(str(server.socket_path)) <= LONGEST_SOCKET_PATH
        folder = server.sockets
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not folder.is_relative_to(tmp_path)
    assert not folder.exists()


def test_the_same_home_always_gets_the_same_short_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 40) / "data"
    first, second = socket_folder(deep, "s"), socket_folder(deep, "s")
    assert first == second
    shutil.rmtree(first)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InfrastructureError, match="belongs to another user"):
        private_folder(tmp_path / "link")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "No permission"),
        (errno.EROFS, "No permission"),
        (errno.EIO, "failed"),
    ],
)
def test_errors_of_the_system_become_sentences(tmp_path: Path, number: int, words: str) -> None:
    assert words in str(explain_os_error(OSError(number, "x"), "The server", tmp_path))


def test_a_file_in_the_place_of_the_data_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError):
        EmbeddedValkey(tmp_path / "file" / "valkey").start()
