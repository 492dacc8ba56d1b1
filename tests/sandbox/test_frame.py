"""Frames: two halves written apart agree, and what is no frame is refused."""

from __future__ import annotations

import io
import os
import socket
import struct

import pytest

from reward_server.sandbox.channel import Channel
from reward_server.sandbox.frame import BadFrame, pack, read
from sandboxes.runner import wire


def test_the_runner_reads_what_the_driver_writes_and_the_other_way_round() -> None:
    parts = [b"", b"\x00" * 5000, "é".encode()]
    ours, theirs = os.pipe()
    os.write(theirs, b"".join(pack({"do": "run", "n": 1}, parts)))
    head, got = wire.Reader(ours).frame()
    assert (head["do"], got) == ("run", parts)
    wire.write(theirs, {"end": True}, parts)
    head, got = read(lambda size: os.read(ours, size) if size else b"")
    assert (head["end"], got) == (True, parts)
    os.close(ours)
    os.close(theirs)


def test_what_is_held_goes_out_with_the_next_frame_unless_it_is_forgotten() -> None:
    ours, theirs = socket.socketpair()
    channel, reader = Channel(ours, multiplexed=False), wire.Reader(theirs.fileno())
    channel.hold({"do": "put"}, [b"old"])
    channel.forget_held()
    channel.hold({"do": "reset"})
    assert not reader.has_more()
    channel.send({"do": "run"})
    assert [reader.frame()[0]["do"], reader.frame()[0]["do"], reader.has_more()] == ["reset", "run", False]
    channel.close()
    theirs.close()


def test_a_stream_on_which_something_has_come_unasked_is_not_idle() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours, multiplexed=False)
    assert channel.is_idle()
    theirs.send(b"x")
    assert not channel.is_idle()
    theirs.close()
    channel.close()
    assert not channel.is_idle()


def test_the_end_of_the_stream_ends_the_runner() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"".join(pack({"do": "run"}))[:-1])
    os.close(theirs)
    with pytest.raises(wire.Closed):
        wire.Reader(ours).frame()
    os.close(ours)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<II", 1 << 31, 4),
        struct.pack("<II", 4, 8) + b"{}{}",
        struct.pack("<II", 2, 2) + b"{}",
        struct.pack("<II", 2, 2) + b"[]",
        struct.pack("<II", 4, 4) + b"\xff\xff\xff\xff",
        struct.pack("<II", 13, 13) + b'{"parts":[5]}',
        struct.pack("<II", 14, 14) + b'{"parts":[-1]}',
        struct.pack("<II", 15, 15) + b'{"parts":["a"]}',
        struct.pack("<II", 1 << 20, 1 << 20) + b"[" * (1 << 20),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        read(io.BytesIO(data).read)
