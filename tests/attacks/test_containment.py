# ruff: noqa: E501 - a table reads best with one program to a line
"""Containment: what a program tries to get hold of, and what it may not leave.

Every attack prints what it achieved and nothing where it was contained. ``PROMISES`` says what each of them would break.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from reward_server.sandbox.base import PYTHON, Execution, ExecutionLimits, Program, Sandbox, SandboxDied, Sandboxes
from reward_server.sandbox.selftest import ATTACKS as SELF_TEST
from reward_server.sandbox.selftest import PROBE, attack
from tests.live import OPEN, sandboxes_of

LIMITS = ExecutionLimits(time_s=1.0, memory_mb=256, processes=32)
_CTYPES = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"

# name: (promise, program)
PROMISES: dict[str, tuple[str, str]] = {
    # capabilities and identity
    "become_root": ("no way back to root", "import os\nfor f in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0),\n          lambda: os.setgroups([0]), lambda: os.seteuid(0)):\n    try: f(); print('root')\n    except OSError: pass"),
    "become_another": ("no other uid", "import os\nfor uid in (os.getuid() - 1, os.getuid() + 1, 1, 65534):\n    try: os.setuid(uid); print('became', uid)\n    except OSError: pass"),
    "setuid_programs": ("no new privileges", "import os, stat, subprocess\nfor folder in ('/usr/bin', '/bin', '/usr/sbin'):\n    for name in os.listdir(folder) if os.path.isdir(folder) else ():\n        path = f'{folder}/{name}'\n        try: mode = os.stat(path).st_mode\n        except OSError: continue\n        if mode & stat.S_ISUID and 'NoNewPrivs:\\t0' in open('/proc/self/status').read(): print('setuid', path)"),
    "raise_priority": ("no better priority", "import os\ntry: os.nice(-5); print('priority')\nexcept OSError: pass\ntry: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); print('realtime')\nexcept OSError: pass"),
    "keep_capabilities": ("no capability at all", "for line in open('/proc/self/status'):\n    if line.startswith(('CapEff', 'CapPrm', 'CapInh', 'CapAmb')) and int(line.split()[1], 16): print(line)"),
    # file system
    "write_root": ("a read-only root", "import os\nfor place, folders, _ in os.walk('/'):\n    if place.startswith(('/proc', '/tmp', '/dev', '/work', '/sys')) or place.count('/') > 2:\n        folders.clear()\n    elif os.access(place, os.W_OK): print('writable', place)"),
    "write_devices": ("no devices but the harmless", "import os, stat\nfor name in os.listdir('/dev'):\n    mode = os.stat(f'/dev/{name}').st_mode if os.path.exists(f'/dev/{name}') else 0\n    if stat.S_ISBLK(mode) and os.access(f'/dev/{name}', os.R_OK): print('disk', name)\nfor name in ('mem', 'kmem', 'port', 'kvm', 'fuse', 'net/tun', 'loop0', 'kmsg', 'vda', 'sda'):\n    try: open('/dev/' + name, 'rb').close(); print('opened', name)\n    except OSError: pass"),
    "make_device": ("no devices of one's own", "import os\nfor kind in (0o20666, 0o60666):\n    try:\n        os.mknod('d', kind, os.makedev(1, 1)); open('d', 'rb').read(1); print('device')\n    except OSError: pass"),
    "remount": ("no mounts", _CTYPES + "for args in ((b'none', b'/', b'', 32, b''), (b'proc', b'/tmp', b'proc', 0, b''), (b'/', b'/tmp', b'', 4096, b'')):\n    if libc.mount(*args) == 0: print('mounted', args)\nif libc.umount2(b'/tmp', 2) == 0: print('unmounted')"),
    "new_mount_calls": ("no mounts by the new calls", _CTYPES + "for number in (428, 429, 430, 432, 433, 442):\n    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0: print('allowed', number)"),
    "chroot_escape": ("no way out of the root", "import os\ntry:\n    os.mkdir('r'); os.chroot('r'); print('chroot')\nexcept OSError: pass"),
    "proc_root": ("no root of another process", "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    if int(pid) == os.getpid(): continue\n    try:\n        if os.stat(f'/proc/{pid}').st_uid != os.getuid(): os.listdir(f'/proc/{pid}/root/work'); print('root of', pid)\n    except OSError: pass"),
    "kernel_settings": ("no kernel setting can be changed", "import os\nfor path in ('/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/vm/overcommit_memory', '/proc/sys/kernel/randomize_va_space', '/proc/sysrq-trigger', '/sys/kernel/uevent_helper', '/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/memory/memory.limit_in_bytes'):\n    try:\n        with open(path, 'w') as f: f.write('0')\n        print('wrote', path)\n    except OSError: pass"),
    "cgroup_escape": ("limits are not the program's to set", "import os\nfor place, _, names in os.walk('/sys/fs/cgroup') if os.path.isdir('/sys/fs/cgroup') else ():\n    for name in names:\n        if os.access(os.path.join(place, name), os.W_OK): print('writable', place, name)"),
    "runner_source": ("the runner cannot be changed", "import os\nfor place, folders, names in os.walk('/opt'):\n    for name in [*folders, *names, '']:\n        if os.access(os.path.join(place, name), os.W_OK): print('writable', place, name)"),
    "system_python": ("no site-packages, .pth or usercustomize is left behind", "import site, sys, os\nfor place in [*sys.path, *site.getsitepackages(), site.getusersitepackages()]:\n    if place.startswith(('/tmp', os.getcwd())): continue\n    try: os.makedirs(place, exist_ok=True); open(place + '/evil.pth', 'w').close(); print('wrote in', place)\n    except OSError: pass"),
    "neighbours_folders": ("no other execution's directory", "import os\nfor name in map(str, range(1, 400)):\n    if f'/work/{name}' == os.getcwd(): continue\n    try: os.listdir(f'/work/{name}'); print('listed', name)\n    except OSError: pass"),
    "list_work": ("the names of other executions are not listed", "import os\ntry:\n    if set(os.listdir('/work')) - {os.path.basename(os.getcwd())}: print('listed')\nexcept OSError: pass"),
    "docker_socket": ("no engine inside", "import os, socket\nfor path in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock'):\n    if os.path.exists(path): print(path)\n    try: socket.socket(socket.AF_UNIX).connect(path); print('connected', path)\n    except OSError: pass"),
    "host_files": ("nothing of the host", "import os\nfor path in ('/etc/shadow', '/root/.ssh', '/root/.docker', '/home', '/var/lib/docker', '/host', '/mnt', '/media', '/boot/config'):\n    try:\n        if (os.listdir(path) if os.path.isdir(path) else open(path).read()): print('read', path)\n    except OSError: pass"),
    # other processes
    "read_memory": ("no other process's memory", "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    if int(pid) in (os.getpid(), os.getppid()) and os.stat(f'/proc/{pid}').st_uid == os.getuid(): continue\n    for name in ('mem', 'auxv', 'syscall', 'stack'):\n        try:\n            open(f'/proc/{pid}/{name}', 'rb').read(1)\n            if os.stat(f'/proc/{pid}').st_uid != os.getuid(): print('read', pid, name)\n        except OSError: pass"),
    "vm_readv": ("no other process's memory by system call", _CTYPES + "class V(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]\nb = ctypes.create_string_buffer(8)\nmine = V(ctypes.addressof(b), 8)\nfor pid in range(1, 60):\n    if pid != os.getpid() and libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(V(0x400000, 8)), 1, 0) > 0: print('read', pid)"),
    "ptrace": ("no tracing", _CTYPES + "for pid in (1, 2, 3, os.getppid()):\n    if libc.ptrace(16, pid, 0, 0) == 0: print('attached', pid)\npid = os.fork()\nif pid == 0:\n    os._exit(0 if libc.ptrace(0, 0, 0, 0) else 9)\nif os.waitstatus_to_exitcode(os.wait()[1]) == 9: print('traceme')"),
    "pidfd": ("no descriptors of another process", _CTYPES + "for pid in range(1, 20):\n    if pid == os.getpid(): continue\n    try: fd = os.pidfd_open(pid)\n    except OSError: continue\n    for n in range(8):\n        if libc.syscall(438, fd, n, 0) >= 0: print('took', pid, n)"),
    "signal_everyone": ("no signal to the runner", "import os, signal\nfor pid in range(1, 60):\n    if pid == os.getpid(): continue\n    for number in (0, signal.SIGSTOP, signal.SIGKILL):\n        try:\n            if os.stat(f'/proc/{pid}').st_uid != os.getuid(): os.kill(pid, number); print('signalled', pid)\n        except OSError: pass"),
    "kill_all": ("kill(-1) reaches nobody else", "import os\nif os.fork() == 0: os.kill(-1, 9)\nos.wait()"),
    "limits_of_others": ("no limits of another process", "import resource, os\nfor pid in range(1, 20):\n    try:\n        if os.stat(f'/proc/{pid}').st_uid != os.getuid(): resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)); print('limited', pid)\n    except OSError: pass"),
    "command_lines": ("no server, host path or program in a command line", "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    try: words = open(f'/proc/{pid}/cmdline').read()\n    except OSError: continue\n    if any(word in words for word in ('uvicorn', 'reward', 'redis', 'expected', 'http')): print(pid, words)"),
    "cookies": ("no secret in an environment", "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n    try: words = open(f'/proc/{pid}/environ').read()\n    except OSError: continue\n    if any(word in words for word in ('TOKEN', 'SECRET', 'PASSWORD', 'REDIS_URL', 'REWARD_', 'AWS_')): print(pid, words)"),
    "descriptors": ("no descriptor but one's own", "import os\nextra = [fd for fd in map(int, os.listdir('/proc/self/fd')) if fd > 2]\nfor fd in extra:\n    try: print(fd, os.readlink(f'/proc/self/fd/{fd}')) if 'proc' not in os.readlink(f'/proc/self/fd/{fd}') else None\n    except OSError: pass"),
    # network
    "connect_out": ("no network", "import socket\nfor host, port in (('8.8.8.8', 53), ('10.0.0.1', 80), ('172.17.0.1', 2375), ('192.168.0.1', 80), ('169.254.169.254', 80)):\n    try: socket.create_connection((host, port), 0.3); print('connected', host)\n    except OSError: pass"),
    "resolve": ("no names are resolved", "import socket\nfor name in ('pypi.org', 'host.docker.internal', 'redis', 'api'):\n    try: socket.getaddrinfo(name, 80); print('resolved', name)\n    except OSError: pass"),
    "loopback_services": ("no service on the loopback", "import socket\nfor port in (22, 80, 2375, 2376, 5432, 6379, 8000, 8080, 9090):\n    try: socket.create_connection(('127.0.0.1', port), 0.2); print('connected', port)\n    except OSError: pass"),
    "raw_sockets": ("no raw packets", "import socket\nfor family, kind in ((socket.AF_INET, socket.SOCK_RAW), (17, socket.SOCK_RAW), (17, socket.SOCK_DGRAM)):\n    try: socket.socket(family, kind, 1); print('raw', family)\n    except OSError: pass"),
    "odd_families": ("no odd socket families", "import socket\nfor family in range(1, 46):\n    if family in (1, 2, 10): continue\n    for kind in (1, 2, 3, 5):\n        try: socket.socket(family, kind); print('family', family)\n        except OSError: pass"),
    "interfaces": ("no interface but the loopback", "import socket\nif [name for _, name in socket.if_nameindex() if name != 'lo' and not name.startswith(('tunl', 'sit', 'ip6', 'gre', 'erspan', 'ip_vti'))]: print(socket.if_nameindex())"),
    "abstract_sockets": ("no abstract socket of another", "import os\nfor line in open('/proc/net/unix').read().splitlines()[1:] if os.path.exists('/proc/net/unix') else ():\n    if '@' in line: print(line)"),
    # kernel surface
    "namespaces": ("no namespaces", _CTYPES + "for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000):\n    if libc.unshare(flag) == 0: print('unshared', hex(flag))\n    if libc.syscall(56, flag | 17, 0, 0, 0, 0) == 0: print('cloned', hex(flag)); os._exit(0)"),
    "clone3": ("no namespaces by clone3", _CTYPES + "args = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)\nif libc.syscall(435, args, 64) == 0: print('cloned'); os._exit(0)"),
    "setns": ("no joining of namespaces", _CTYPES + "for name in os.listdir('/proc/1/ns') if os.access('/proc/1/ns', os.R_OK) else ():\n    try: fd = os.open(f'/proc/1/ns/{name}', os.O_RDONLY)\n    except OSError: continue\n    if libc.setns(fd, 0) == 0: print('joined', name)"),
    "rare_calls": ("no rare system calls", _CTYPES + "for name, number in {'bpf': 321, 'perf': 298, 'userfaultfd': 323, 'io_uring_setup': 425, 'add_key': 248, 'keyctl': 250, 'kexec': 246, 'init_module': 175, 'reboot': 169, 'swapon': 167, 'acct': 163, 'quotactl': 179, 'iopl': 172, 'ioperm': 173, 'modify_ldt': 154, 'open_by_handle_at': 304, 'fanotify': 300, 'move_pages': 279, 'personality': 135, 'syslog': 103, 'vhangup': 153, 'lookup_dcookie': 212}.items():\n    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0: print('allowed', name)"),
    "x32_calls": ("no second table of system calls", _CTYPES + "if libc.syscall(0x40000000 + 39) >= 0: print('x32')"),
    "change_clock": ("no clock", "import time\ntry: time.clock_settime(time.CLOCK_REALTIME, 0); print('set')\nexcept OSError: pass"),
    "host_name": ("no host name", "import socket\ntry: socket.sethostname('mine'); print('renamed')\nexcept OSError: pass"),
    "core_dump": ("no core dumps", "import resource, os\nif resource.getrlimit(resource.RLIMIT_CORE) != (0, 0): print('core')"),
    "terminal_input": ("no terminal to type into", "import os, fcntl, termios\nfor fd in range(3):\n    if os.isatty(fd): print('terminal', fd)\n    try: fcntl.ioctl(fd, termios.TIOCSTI, b'x'); print('typed')\n    except OSError: pass"),
    "filter_off": ("the filter cannot be taken off", _CTYPES + "libc.prctl(22, 0, 0, 0, 0)\nif libc.prctl(21, 0, 0, 0, 0) == 0: print('no filter')"),
    "system_v": ("no System V objects", _CTYPES + "for call in (lambda: libc.shmget(7, 4096, 0o1666), lambda: libc.semget(7, 1, 0o1666), lambda: libc.msgget(7, 0o1666)):\n    if call() >= 0: print('made')"),
    "posix_queue": ("no message queues", "import ctypes\nrt = ctypes.CDLL('librt.so.1', use_errno=True)\nif rt.mq_open(b'/mine', 0o102, 0o666, None) >= 0: print('made')"),
    "lock_memory": ("no locked memory", _CTYPES + "b = ctypes.create_string_buffer(1 << 20)\nif libc.mlock(b, 1 << 20) == 0: print('locked')"),
}  # fmt: skip

# leaves something behind, or tries to take the sandbox down; what counts is the next program
LEAVES: dict[str, str] = {
    "files": "import os\nfor p in ('.', '/tmp', '/dev/shm'):\n    for n in range(500): open(f'{p}/{n}', 'w').close()",
    "hidden_tree": "import os\nfor p in ('.', '/tmp', '/dev/shm'):\n    os.makedirs(p + '/.a/b/c'); os.chmod(p + '/.a/b', 0); os.chmod(p + '/.a', 0)",
    "deep_tree": "import os\nos.chdir('/tmp')\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')",
    "odd_names": "import os\nfor n in (b'\\xff\\xfe', b'-rf', b' ', b'\\n', b'a' * 255): os.mkdir(b'/tmp/' + n); open(b'/tmp/' + n + b'/x', 'w').close()",
    "links": "import os\nos.symlink('/', '/tmp/root'); os.symlink('/work', 'w'); os.symlink('x', 'x'); os.mkfifo('/tmp/pipe')\nimport socket; socket.socket(socket.AF_UNIX).bind('/tmp/sock')",
    "full_disk": "for p in ('.', '/tmp', '/dev/shm'):\n    try:\n        with open(p + '/big', 'wb') as f:\n            while True: f.write(bytes(1 << 20))\n    except OSError: pass",
    "all_inodes": "import os\nfor p in ('.', '/tmp', '/dev/shm'):\n    try:\n        for n in range(200000): os.mkdir(f'{p}/{n}')\n    except OSError: pass",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(0)",
    "daemon_that_forks_on": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    while True:\n        if os.fork(): os._exit(0)",
    "stopped_children": "import os, signal\nfor _ in range(5):\n    if os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)",
    "zombies": "import os\nfor _ in range(20):\n    if os.fork() == 0: os._exit(0)",
    "threads": "import threading, time\nfor _ in range(25): threading.Thread(target=time.sleep, args=(600,)).start()",
    "fork_bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "exec_bomb": "import os\ntry: os.fork()\nexcept OSError: pass\nos.execv('/usr/bin/python3', ['python3', 'main.py'])",
    "memory": "a = []\nwhile True: a.append(bytearray(b'x') * (1 << 20))",
    "memory_of_many": "import os, time\nfor _ in range(30):\n    if os.fork() == 0:\n        a = bytearray(b'x') * (30 << 20); time.sleep(60)\ntime.sleep(60)",
    "shared_memory": "import mmap, os\nfd = os.memfd_create('m'); os.ftruncate(fd, 4 << 30)\nm = mmap.mmap(fd, 4 << 30)\nfor i in range(0, 4 << 30, 4096): m[i] = 1",
    "pipes": "import os\na = []\ntry:\n    while True:\n        r, w = os.pipe(); a += [r, w]; os.set_blocking(w, False)\n        os.write(w, bytes(1 << 16))\nexcept OSError: pass",
    "closed_streams": "import os\nfor fd in range(3): os.close(fd)\nwhile True: pass",
    "stdin_filled": "import os\nwhile True: os.write(0, bytes(1 << 20))",
    "blocked_signals": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(60)",
    "vfork_stall": "import os, subprocess\nsubprocess.run(['sleep', '600'])",
    "held_pipe": "import os, time\nif os.fork() == 0: time.sleep(600)\nprint('parent done')",
    "big_environment": "import os\nos.execve('/usr/bin/python3', ['python3', '-c', 'while True: pass'], {str(n): 'x' * 1000 for n in range(100)})",
    "renamed": "import ctypes\nctypes.CDLL(None).prctl(15, b'runner', 0, 0, 0)\nwhile True: pass",
    "patched_modules": "import builtins, json, os\nbuiltins.print = None; json.dumps = None; os.listdir = lambda *a: ['forged']",
    "environment": "import os\nos.environ['LD_PRELOAD'] = '/tmp/x.so'; os.environ['PYTHONPATH'] = '/tmp'",
    "user_site": "import os\np = os.path.expanduser('~/.local/lib/python3.11/site-packages'); os.makedirs(p, exist_ok=True)\nopen(p + '/usercustomize.py', 'w').write('print(666)')",
}  # fmt: skip


GVISOR_EMULATES = {"raise_priority", "write_devices", "read_memory"}
"""What this gVisor lets a program do to gVisor's own emulation, with no effect on the host or on other programs:
priorities, a fuse and a tun device of its own, the address map of a neighbour (not its memory)."""


@pytest.fixture(scope="module", params=list(OPEN))
def contained(request: pytest.FixtureRequest) -> Iterator[Sandboxes]:
    yield from sandboxes_of(request.param)


@pytest.fixture
def sandbox(contained: Sandboxes) -> Iterator[Sandbox]:
    with contained.open("python", 256) as opened:
        yield opened


def run(sandbox: Sandbox, source: str, limits: ExecutionLimits = LIMITS) -> Execution:
    return sandbox.run(sandbox.build(Program(PYTHON, source.encode())), b"", limits)


@pytest.mark.parametrize("name", PROMISES)
def test_nothing_is_had(name: str, sandbox: Sandbox) -> None:
    promise, source = PROMISES[name]
    if name in GVISOR_EMULATES and sandbox.isolation == "docker/runsc":
        pytest.skip("gVisor emulates it")
    done = run(sandbox, source)
    assert done.stdout == b"", f"{promise}: {done.stdout.decode('utf-8', 'replace')[:1000]}"
    assert b"SyntaxError" not in done.stderr and done.limit is None, done


@pytest.mark.parametrize("name", LEAVES)
def test_nothing_is_left(name: str, contained: Sandboxes) -> None:
    """A program that ends its sandbox leaves nothing either: the next one gets a fresh sandbox."""
    probe = PROBE + "\nprint(sum(range(10)), len(os.listdir()))"
    with contained.open("python", 256) as sandbox:
        with suppress(SandboxDied):
            run(sandbox, LEAVES[name], ExecutionLimits(time_s=0.4, memory_mb=256, processes=32))
            done = run(sandbox, probe, ExecutionLimits(time_s=3, memory_mb=256))
            assert done.stdout == b"45 1\n" and done.ok, done
    limits = ExecutionLimits(time_s=3, memory_mb=256)
    done = contained.within(lambda sandbox: run(sandbox, probe, limits), image="python", memory_mb=256)
    assert done.stdout == b"45 1\n" and done.ok, done


def test_the_self_test_finds_nothing(contained: Sandboxes) -> None:
    attack(contained)


def test_the_self_test_would_find_something(sandbox: Sandbox) -> None:
    assert all("print(" in source or name in ("fork bomb", "leftovers") for name, source in SELF_TEST.items())
    assert b"left" in run(sandbox, "open('/tmp/x', 'w').close()\n" + PROBE).stdout


def test_a_port_is_free_again(contained: Sandboxes) -> None:
    """A connection that a program has closed does not keep the next one from its port."""
    if contained.isolation == "docker/runsc":
        pytest.skip("gVisor keeps it for a minute, and has no setting for that")
    leave = "import socket\nfor port in range(5000, 5010):\n    s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', port)); s.listen()\n    c = socket.create_connection(s.getsockname()); a, _ = s.accept(); a.close(); c.recv(1); c.close(); s.close()"
    take = "import socket\nfor port in range(5000, 5010): socket.socket().bind(('127.0.0.1', port))\nprint('free')"
    for source in (leave, take):
        done = contained.within(partial(run, source=source), image="python", memory_mb=256)
    assert done.stdout == b"free\n", done.stderr
