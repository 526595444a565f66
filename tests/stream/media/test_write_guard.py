"""What PyAV writes into: it fails once."""

from __future__ import annotations

import io

import pytest

from stream.media.write_guard import Output


class Full(io.BytesIO):
    """A disk that is full from ``room`` bytes on, and counts its failures."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.refused = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that is written here
        if self.tell() + len(data) > self.room:
            self.refused += 1
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_what_fits_is_written_and_read_back() -> None:
    file = Full(100)
    output = Output(file)
    assert output.write(b"abcdef") == 6
    assert output.seek(2) == 2
    assert output.write(b"XY") == 2
    output.flush()
    assert output.seek(0) == 0
    assert output.read() == b"abXYef"
    assert output.tell() == 6


def test_only_the_first_failure_is_raised() -> None:
    file = Full(4)
    output = Output(file)
    output.write(b"abcd")
    with pytest.raises(OSError, match="No space left"):
        output.write(b"e")
    for _ in range(3):
        assert output.write(b"efg") == 3
    assert output.seek(1) == 0
    output.flush()
    assert file.refused == 1
    assert file.getvalue() == b"abcd"


class Stopped(io.BytesIO):
    """Ctrl-C comes while it writes."""

    def write(self, data: bytes) -> int:  # type: ignore[override]  # noqa: ARG002  # the file's
        raise KeyboardInterrupt


def test_ctrl_c_is_raised_as_an_error_and_remembered() -> None:
    output = Output(Stopped())
    with pytest.raises(InterruptedError):
        output.write(b"abcd")
    assert output.interrupted
    assert output.write(b"abcd") == 4


def test_nothing_is_written_once_it_is_given_up() -> None:
    file = Full(100)
    output = Output(file)
    output.write(b"abcd")
    output.discard()
    output.write(b"efgh")
    assert file.getvalue() == b"abcd"
