"""Pid 1 after the zygotes are there: one request at a time, from the driver, for one occupant."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from . import child, wire
from .artefacts import made_files, put_back, take_away
from .hosting import host, interact
from .launch import Job, Launcher, Ready
from .limits import Limits
from .orders import Birth, Zygote
from .prelude import parted
from .records import Records
from .supervise import Group, Stream, Watch
from .templates import Templates

Head = dict[str, Any]
_RESULTS_FACTOR = 4
"""All results of a call together may be so many times as large as one."""
_HELD_S, _HELD_BYTES = 0.02, 1 << 20
"""How long answers of short runs, and how much output, may be held to be sent as one frame: each frame costs both sides
a good part of such a run."""


@dataclass
class Build:
    """A program that was put here."""

    language: Head
    source: bytes
    files: dict[str, bytes]
    folder: int | None = None
    """Number of the directory with what the compiler made; None for what starts from source."""
    owner: Group | None = None
    restored: bool = False
    """What is in the directory came from the driver, not from a compiler."""


@dataclass
class Server:
    """The builds of the present occupant, and the verbs on them."""

    launcher: Launcher
    frames_in: wire.Reader
    frames_out: int
    builds: dict[int, Build] = field(default_factory=dict)
    unclean: str | None = None
    """Why nothing of another occupant is done here."""

    def __post_init__(self) -> None:
        self.standing, self.templates = _standing(), Templates(self.launcher)

    def serve(self) -> None:
        """Answer requests until the driver closes the stream. Once a reset has failed, nothing else is done."""
        verbs = {"put": self.put, "run": self.run, "call": self.call, "host": self.host, "interact": self.interact}
        verbs |= {"fetch": self.fetch, "drop": self.drop, "reset": self.reset, "cancel": lambda head, parts: None}
        while True:
            head, parts = self.frames_in.frame()
            if self.unclean is not None:
                wire.write(self.frames_out, {"unclean": self.unclean, "dirty": self.unclean, "end": True})
                continue
            try:
                verbs[head["do"]](head, parts)
                self.launcher.cores.spread()
            except OSError as error:
                # no fork, no memory, no space: this sandbox cannot go on, which is no fault of the program that asked
                self.launcher.dirty = f"{type(error).__name__}: {error}"
                wire.write(self.frames_out, {"failed": self.launcher.dirty, "dirty": self.launcher.dirty, "end": True})

    def put(self, head: Head, parts: list[bytes]) -> None:
        """Take a program in, and compile it where its language asks for that."""
        language: Head = head["language"]
        names, made = head["files"], head["made"]
        build = Build(language, parts[0], dict(zip(names, parts[1 : 1 + len(names)], strict=True)))
        self.builds[head["build"]] = build
        if language.get("compile") is None:
            if not language["warm"]:
                build.folder = self._folder(build)
            return
        build.folder = self._folder(build)
        if made is not None:
            build.restored = True
            put_back(self.launcher.places[build.folder], zip(made, parts[1 + len(names) :], strict=True))
            return
        argv = self._argv(language["compile"], build, ())
        limits = Limits(**head["limits"])
        job = Job(child.COMMAND, {"argv": argv, "env": self._env(language)})
        assert build.owner is not None
        watch, ooms = self.launcher.watch(limits), self.launcher.meter.oom_kills()
        group = self.launcher.start(job, limits, b"", at=(build.owner.uid, build.folder))
        self._end(group, watch, ooms)
        os.chmod(self.launcher.places[build.folder], 0o755)
        self._answer([group], end=True)

    def run(self, head: Head, parts: list[bytes]) -> None:
        """Run a build once for every input until told to stop; the first is answered at once, others some together.

        Twice as many each time: whoever stops at a failure has at most as much run for nothing as for something.
        """
        build, limits = self.builds[head["build"]], Limits(**head["limits"])
        extra = dict(zip(head["files"], parts[: len(head["files"])], strict=True))
        inputs = parts[len(extra) :]
        held: list[Group] = []
        room, since = 1, time.monotonic()

        def prepare(number: int) -> Ready:
            template = self._template(build)
            job = self._job(build, head["args"], extra) if template is None else Job(child.FORKED, {})
            return self.launcher.prepare(job, limits, inputs[number], of=template)

        def begin(ready: Ready) -> tuple[Group, Watch, int]:
            watch, ooms = self.launcher.watch(limits), self.launcher.meter.oom_kills()
            return self.launcher.go(ready), watch, ooms

        ready = prepare(0)
        for number in range(len(inputs)):
            last = number == len(inputs) - 1
            begun, zygote = begin(ready), ready.zygote
            if not last:
                ready = prepare(number + 1)  # while this one runs
            group = self._end(*begun)
            while group.limit == "memory" and self.templates.drop_others(zygote):  # it may have been theirs
                group = self._end(*begin(prepare(number)))
            held.append(group)
            much = sum(group.out.size + group.err.size for group in held) > _HELD_BYTES
            if last or much or len(held) >= room or time.monotonic() - since > _HELD_S:
                self._answer(held, end=last)
                held, room, since = [], 2 * room, time.monotonic()
            if not last and self.frames_in.has_more():
                self.frames_in.frame()  # nothing but a cancel is ever sent into a run
                self.launcher.forget(ready)
                wire.write(self.frames_out, {"end": True, "cancelled": True, "dirty": self.launcher.dirty})
                return

    def call(self, head: Head, parts: list[bytes]) -> None:
        """Call a function of a Python program; its results go back as they came, unread."""
        build, limits = self.builds[head["build"]], Limits(**head["limits"])
        results, write = os.pipe()
        os.set_blocking(results, False)
        common, prelude = parted(head["job"]["prelude"])
        job_head = {**head["job"], "file": build.language["file"], "common": common, "prelude": prelude}
        job = Job(child.CALLER, job_head, build.source, build.files)
        ooms, count, done = (
            self.launcher.meter.oom_kills(),
            int(head["count"]),
            Records(results, limits.output_bytes, _RESULTS_FACTOR * limits.output_bytes),
        )
        watch = self.launcher.watch(limits, stepwise=True)
        zygote = self.launcher.zygote(build.source + b"\n" + prelude.encode(), talks=True)
        group = self.launcher.start(job, limits, parts[0], extra=[write], stepwise=True, of=zygote)
        os.close(write)
        watch.run([group], {results: done.take}, lambda: group, lambda: done.count > count or done.flooded)
        done.take()
        group.completed = done.count > count
        if done.flooded:
            group.limit, group.flags = group.limit or "output", [*group.flags, "output_flood"]
        self.launcher.finish([group], watch, ooms)
        os.close(results)
        self._answer([group], end=True, more=[done.whole()])

    def host(self, head: Head, parts: list[bytes]) -> None:
        """Run test code against a proxy of a program."""
        build = self.builds[head["build"]]
        groups, report = host(self.launcher, build.source, build.files, build.language["file"], head, parts)
        self._answer(groups, end=True, more=[report])

    def interact(self, head: Head, parts: list[bytes]) -> None:
        """Run two programs against each other."""
        judge, program = self.builds[head["build"]], self.builds[head["other"]]
        files = dict(zip(head["files"], parts, strict=True))
        jobs = (self._job(judge, head["args"], files), self._job(program, head["other_args"], {}))
        groups = interact(self.launcher, jobs, (Limits(**head["limits"]), Limits(**head["other_limits"])))
        self._answer(groups, end=True)

    def fetch(self, head: Head, parts: list[bytes]) -> None:
        """Send the plain files that a compiler made, with their modes; none at all where they are too many or odd."""
        build = self.builds[head["build"]]
        assert build.folder is not None
        made = made_files(self.launcher.places[build.folder], int(head["bytes"]))
        made.pop(build.language["file"], None)
        names = [[name, mode] for name, (mode, _) in made.items()]
        wire.write(self.frames_out, {"files": names, "end": True}, [content for _, content in made.values()])

    def drop(self, head: Head, parts: list[bytes]) -> None:
        """Forget a build; nothing is answered."""
        build = self.builds.pop(head["build"], None)
        if build is not None and build.folder is not None and build.owner is not None:
            self.launcher.kept.discard(build.folder)
            if build.restored:
                take_away(self.launcher.places[build.folder])
            self.launcher.clean(build.folder, self.launcher.places[build.folder], [build.owner])

    def reset(self, head: Head, parts: list[bytes]) -> None:
        """Forget the occupant; nothing is answered, unless another may not come."""
        launcher = self.launcher
        try:
            for number in list(self.builds):
                self.drop({"build": number}, [])
        except OSError as error:
            launcher.dirty = launcher.dirty or f"{type(error).__name__}: {error}"
        if set(os.listdir(launcher.work)) - self.templates.places():  # what else there is, each execution has cleared
            launcher.dirty = launcher.dirty or "files were left"
        if launcher.jail.is_spent():
            launcher.dirty = launcher.dirty or "its identities are used up"
        if _standing() != self.standing:
            launcher.dirty = launcher.dirty or "a program slowed the runner"
        self.unclean = launcher.dirty

    def _template(self, build: Build) -> Zygote | None:
        """What the build's runs are forked from, where its language has that and it can be had."""
        language = build.language
        if not language["template"]:
            return None
        key = build.source, tuple(language["run"])
        return self.templates.zygote(key, self._argv(language["run"], build, ()), self._env(language))

    def _job(self, build: Build, args: list[str], extra: dict[str, bytes]) -> Job:
        files = {**build.files, **extra}
        if build.language["warm"]:
            return Job(child.PROGRAM, {"file": build.language["file"], "args": args}, build.source, files)
        argv = self._argv(build.language["run"], build, args)
        return Job(child.COMMAND, {"argv": argv, "env": self._env(build.language)}, b"", files)

    def _argv(self, template: list[str], build: Build, args: Any) -> list[str]:
        assert build.folder is not None
        place = self.launcher.places[build.folder]
        return [*(word.replace("{build}", place) for word in template), *args]

    def _env(self, language: Head) -> dict[str, str]:
        return {**os.environ, **language.get("env", {})}

    def _folder(self, build: Build) -> int:
        """A directory with the source in it, owned by root and of the group of a uid that compiles there."""
        uid, number = self.launcher.new_place()
        place = self.launcher.places[number]
        with open(f"{place}/{build.language['file']}", "wb") as file:
            file.write(build.source)
        os.chmod(file.name, 0o644)
        if build.language.get("compile") is None:
            os.chmod(place, 0o755)
        self.launcher.kept.add(number)
        build.owner = Group(uid, Birth(), self.launcher.zygotes[0], Stream(-1, 0), Stream(-1, 0))
        return number

    def _end(self, group: Group, watch: Watch, ooms: int) -> Group:
        """Wait for the end of one process in one group."""
        watch.run([group], {}, lambda: group, lambda: False)
        self.launcher.finish([group], watch, ooms)
        return group

    def _answer(self, groups: list[Group], *, end: bool, more: list[bytes] | None = None) -> None:
        reports = [group.report() for group in groups]
        streams = [stream.kept() for group in groups for stream in (group.out, group.err)]
        wire.write(
            self.frames_out,
            {"executions": reports, "dirty": self.launcher.dirty, "end": end},
            [*streams, *(more or [])],
        )


def _standing() -> tuple[int, int, set[int]]:
    """How the kernel schedules this process. While it kills as a program's uid, that program might change it."""
    return os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)
