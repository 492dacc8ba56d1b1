"""Two processes of two uids that talk: a tester and its candidate, or an interactive judge and its program."""

from __future__ import annotations

import os
import socket
from typing import Any

from . import child
from .launch import Job, Launcher
from .limits import Limits
from .prelude import parted
from .records import Records
from .supervise import Group
from .tester import STATE

_REPORT_CAP = 8 << 20


def host(
    launcher: Launcher, source: bytes, files: dict[str, bytes], file: str, head: dict[str, Any], parts: list[bytes]
) -> tuple[list[Group], bytes]:
    """Run a tester against a candidate; returns the groups (tester first) and the tester's records.

    The socketpair between the two and the report's pipe are made by root: neither uid can open them again.
    """
    limits, meter = Limits(**head["limits"]), launcher.meter
    ends = socket.socketpair()
    report, write = os.pipe()
    os.set_blocking(report, False)
    state = os.memfd_create("state")
    os.fchmod(state, 0o600)
    os.ftruncate(state, STATE.size)
    records, ooms = Records(report, _REPORT_CAP, _REPORT_CAP), meter.oom_kills()
    watch = launcher.watch(limits, stepwise=True)
    common, prelude = parted(head["candidate"]["prelude"])
    candidate_head = {**head["candidate"], "file": file, "common": common, "prelude": prelude}
    like = source + b"\n" + prelude.encode()
    theirs = launcher.zygote(like, talks=True)
    ours = launcher.zygote(like + parts[0].replace(b"\\n", b"\n"), talks=True)
    groups: list[Group] = []
    try:
        job = Job(child.CANDIDATE, candidate_head, source, files)
        groups.append(launcher.start(job, limits, b"", extra=[ends[1].fileno()], stepwise=True, of=theirs))
        job, extra = Job(child.TESTER, {"classes": candidate_head["classes"]}), [ends[0].fileno(), write, state]
        groups.insert(0, launcher.start(job, limits, parts[0], extra=extra, stepwise=True, of=ours))
    finally:
        os.close(write)
        for end in ends:
            end.close()
        if len(groups) == 1:
            launcher.finish(groups, watch, ooms)
    tester, candidate = groups

    def blame() -> Group:
        _, calling = STATE.unpack(os.pread(state, STATE.size, 0))
        return candidate if calling else tester

    watch.run(groups, {report: records.take}, blame, lambda: tester.end is not None or records.flooded)
    records.take()
    tester.completed = tester.end is not None
    candidate.completed = tester.completed and candidate.end is None
    launcher.finish(groups, watch, ooms)
    calls, _ = STATE.unpack(os.pread(state, STATE.size, 0))
    os.close(report)
    os.close(state)
    return groups, calls.to_bytes(4, "little") + records.whole()


def interact(launcher: Launcher, jobs: tuple[Job, Job], limits: tuple[Limits, Limits]) -> list[Group]:
    """Run two programs, each one's standard output being the other's input; returns the groups, judge first.

    What they say passes through here, so that it can be told and has a limit.
    """
    meter = launcher.meter
    watch = launcher.watch(max(limits, key=lambda limit: limit.time_s))
    ooms = meter.oom_kills()
    groups: list[Group] = []
    try:
        for job, limit in zip(jobs, limits, strict=True):
            groups.append(launcher.start(job, limit, None))
    except OSError:
        if groups:
            launcher.finish(groups, watch, ooms)
        raise
    judge, program = groups
    judge.out.sink, program.out.sink = program.feed, judge.feed
    program.out.holds = True  # a judge that has heard enough is about to end
    watch.run(groups, {}, lambda: program, lambda: judge.end is not None)
    program.completed = judge.end is not None and program.end is None
    launcher.finish(groups, watch, ooms)
    return groups
