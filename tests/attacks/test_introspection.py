"""Searching for the expected values wherever a process can look. They are not there."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader

TEXT = "text check stdio"

FIND = """
import gc, os, re, sys
PATTERN = re.compile(rb"quok" rb"ka-7f3a[- ]?[0-9a-z]*|9824" rb"51653|154" rb"85863")
found = []
def look(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    found.extend(PATTERN.findall(bytes(data)))
def search(): ...
{search}
def tell(x):
    try:
        search()
    except Exception as error:
        sys.stderr.write(repr(error))
    mine = [hit.decode() for hit in found]
    return mine[x % len(mine)] if mine else "nothing"
def f(x):
    hit = tell(x)
    return int(hit) if hit.isdigit() else hit
if __name__ == "__main__":
    hits = tell(int(input()))
    print("quok" "ka-7f3a" if hits != "nothing" else "none", hits)
    print("end")
"""

PLACES = {
    "frames": """
        def search():
            frame = sys._getframe()
            while frame:
                look(repr(frame.f_locals)); look(repr(frame.f_globals)); look(repr(frame.f_code.co_consts))
                frame = frame.f_back
        """,
    "all_threads": """
        def search():
            for frame in sys._current_frames().values():
                while frame:
                    look(repr(frame.f_locals)); frame = frame.f_back
        """,
    "gc": """
        def search():
            for thing in gc.get_objects():
                try: look(repr(thing))
                except Exception: pass
        """,
    "gc_referrers": """
        def search():
            for thing in gc.get_referrers(sys.modules, f, PATTERN):
                look(repr(thing))
        """,
    "modules": """
        def search():
            for module in list(sys.modules.values()):
                for value in list(vars(module).values()):
                    try: look(repr(value))
                    except Exception: pass
        """,
    "code_constants": """
        import types
        def search():
            for thing in gc.get_objects():
                if isinstance(thing, types.FunctionType): look(repr(thing.__code__.co_consts))
        """,
    "environ": """
        def search():
            look(repr(os.environ)); look(repr(sys.argv)); look(repr(sys.orig_argv)); look(repr(sys.flags))
        """,
    "proc": """
        def search():
            for pid in os.listdir('/proc'):
                for name in ('cmdline', 'environ', 'stat', 'comm', 'wchan', 'maps', 'io', 'status', 'stack'):
                    try: look(open(f'/proc/{pid}/{name}', 'rb').read(1 << 20))
                    except OSError: pass
        """,
    "proc_memory": """
        def search():
            for pid in os.listdir('/proc'):
                if pid == str(os.getpid()) or pid in ('self', 'thread-self'): continue
                try:
                    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
                        for line in maps:
                            low, high = (int(part, 16) for part in line.split()[0].split('-'))
                            if 'rw' in line:
                                mem.seek(low); look(mem.read(min(high - low, 1 << 22)))
                except (OSError, ValueError, OverflowError): pass
        """,
    "own_memory": """
        def search():
            with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as mem:
                for line in maps:
                    low, high = (int(part, 16) for part in line.split()[0].split('-'))
                    if 'rw' in line.split()[1] and high - low < 1 << 26:
                        try: mem.seek(low); look(mem.read(high - low))
                        except (OSError, ValueError, OverflowError): pass
            found[:] = [hit for hit in found if hit not in (b'9824' b'51653', b'154' b'85863')] and []
        """,
    "descriptors": """
        import fcntl
        def search():
            for fd in range(3, 1024):
                try:
                    os.set_blocking(fd, False)
                    look(os.read(fd, 1 << 20))
                except OSError: pass
                try: look(os.pread(fd, 1 << 20, 0))
                except OSError: pass
        """,
    "descriptors_of_others": """
        def search():
            for pid in os.listdir('/proc'):
                try: fds = os.listdir(f'/proc/{pid}/fd')
                except OSError: continue
                for fd in fds:
                    try:
                        handle = os.open(f'/proc/{pid}/fd/{fd}', os.O_RDONLY | os.O_NONBLOCK)
                        look(os.read(handle, 1 << 20)); os.close(handle)
                    except OSError: pass
        """,
    "standard_input": """
        def search():
            try:
                os.lseek(0, 0, 0); look(os.read(0, 1 << 20)); look(os.pread(0, 1 << 20, 0))
            except OSError: pass
        """,
    "files": """
        def search():
            for root in ('/work', '/tmp', '/opt', '/dev/shm', '/var', '/home', '/root', '/run', '/srv', '/mnt', os.getcwd()):
                for folder, _, names in os.walk(root):
                    for name in names:
                        path = os.path.join(folder, name)
                        try:
                            if os.path.isfile(path) and os.path.getsize(path) < 1 << 20 and path != __file__:
                                look(open(path, 'rb').read())
                        except OSError: pass
        """,
    "own_file": """
        def search():
            here = os.path.dirname(os.path.abspath(__file__))
            for name in os.listdir(here) + os.listdir(os.path.dirname(here) or '/'):
                try: look(open(os.path.join(here, name), 'rb').read())
                except OSError: pass
            found[:] = [hit for hit in found if b'[-' not in hit]
        """,
    "stack_of_caller": """
        import inspect, linecache
        def search():
            for info in inspect.stack(context=50):
                look(repr(info.code_context)); look(''.join(linecache.getlines(info.filename)))
        """,
    "ptrace": """
        import ctypes
        def search():
            libc = ctypes.CDLL(None, use_errno=True)
            for pid in (int(name) for name in os.listdir('/proc') if name.isdigit()):
                if pid == os.getpid(): continue
                libc.ptrace(16, pid, 0, 0)
                try: look(open(f'/proc/{pid}/mem', 'rb').read(1 << 16))
                except OSError: pass
        """,
    "process_vm_readv": """
        import ctypes
        class Vec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
        def search():
            libc = ctypes.CDLL(None, use_errno=True)
            buffer = ctypes.create_string_buffer(1 << 20)
            local = Vec(ctypes.addressof(buffer), 1 << 20)
            for pid in (int(name) for name in os.listdir('/proc') if name.isdigit()):
                if pid == os.getpid(): continue
                low = id(gc) & ~0xfff
                remote = Vec(low, 1 << 20)
                if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0: look(buffer.raw)
        """,
    "pidfd_getfd": """
        import ctypes
        def search():
            libc = ctypes.CDLL(None, use_errno=True)
            for pid in (int(name) for name in os.listdir('/proc') if name.isdigit()):
                fd = libc.syscall(434, pid, 0)
                for number in range(12):
                    got = libc.syscall(438, fd, number, 0)
                    if got >= 0:
                        try: os.set_blocking(got, False); look(os.read(got, 1 << 20))
                        except OSError: pass
        """,
    "shared_memory": """
        import ctypes
        def search():
            for folder in ('/dev/shm', '/dev/mqueue', '/proc/sysvipc'):
                for name in os.listdir(folder) if os.path.isdir(folder) else ():
                    try: look(open(os.path.join(folder, name), 'rb').read())
                    except OSError: pass
            libc = ctypes.CDLL(None, use_errno=True)
            libc.shmat.restype = ctypes.c_void_p
            for number in range(32):
                at = libc.shmat(number, None, 0)
                if at and at != ctypes.c_void_p(-1).value: look(ctypes.string_at(at, 4096))
        """,
    "sockets": """
        import socket
        def search():
            for name in {line.split()[-1] for line in open('/proc/net/unix').read().splitlines()[1:] if len(line.split()) > 7}:
                try:
                    peer = socket.socket(socket.AF_UNIX); peer.settimeout(.1)
                    peer.connect('\\0' + name[1:] if name.startswith('@') else name); look(peer.recv(1 << 16))
                except OSError: pass
            for port in (80, 2375, 6379, 8000, 8080):
                try:
                    peer = socket.create_connection(('127.0.0.1', port), .1); peer.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); look(peer.recv(1 << 16))
                except OSError: pass
        """,
    "core_dumps_and_swap": """
        def search():
            for path in ('/proc/kcore', '/dev/mem', '/dev/kmem', '/proc/kallsyms', '/proc/keys', '/dev/kmsg'):
                try: look(open(path, 'rb').read(1 << 20))
                except OSError: pass
        """,
    "freed_heap": """
        import ctypes
        def search():
            blocks = [ctypes.create_string_buffer(1 << 16) for _ in range(200)]
            libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p
            for size in (64, 512, 4096, 65536, 1 << 20):
                for _ in range(50):
                    at = libc.malloc(size)
                    if at: look(ctypes.string_at(at, size))
        """,
}  # fmt: skip


def searching(place: str) -> str:
    from textwrap import dedent

    return FIND.replace("{search}", dedent(PLACES[place]))


SEARCHES = {place: (TEXT, searching(place)) for place in PLACES}

REACHING = {
    "argument_frames": (
        "check close",
        """
        def f(x):
            import sys
            frame, seen = sys._getframe(), []
            while frame:
                seen += [value for value in frame.f_locals.values() if isinstance(value, int) and value > 48000]
                frame = frame.f_back
            return seen[0] if seen else 0
        """,
    ),
    "callback_globals": (
        "callback",
        "def f(g):\n    try: return g.__globals__['WANT']\n    except Exception as e: return str(e)",
    ),
    "callback_code": ("callback", "def f(g):\n    try: return g.__code__.co_consts[-1]\n    except Exception as e: return str(e)"),
    "callback_closure": ("callback", "def f(g):\n    try: return g.__closure__[0].cell_contents\n    except Exception as e: return str(e)"),
    "callback_self": ("callback", "def f(g):\n    try: return g.__self__.want\n    except Exception as e: return str(e)"),
    "callback_raw": (
        "callback",
        """
        def f(g):
            link, number = type(g)._sandbox_link, object.__getattribute__(g, '_sandbox_number')
            for name in ('__globals__', 'gi_frame', 'f_globals', '__dict__', '__code__', 'func_globals', '__init__', 'want'):
                for verb in ('get', 'call', 'item', 'text', 'send'):
                    try:
                        got = link.request(verb, number, name)
                        if '982451653' in str(got): return 982451653
                    except Exception: pass
            return 0
        """,
    ),
    "other_handles": (
        "callback",
        """
        def f(g):
            link = type(g)._sandbox_link
            for number in range(200):
                for verb, rest in (('text', ['r']), ('get', ['want']), ('get', ['__globals__']), ('call', [[], {'d': []}])):
                    try:
                        got = link.request(verb, number, *rest)
                        if '982451653' in str(got): return 982451653
                    except BaseException: pass
            return 0
        """,
    ),
    "generator_frame": (
        "callback_iterator",
        "def f(it):\n    try: return it.gi_frame.f_globals['WANT']\n    except Exception as e: return str(e)",
    ),
    "generator_frame_raw": (
        "callback_iterator",
        "def f(it):\n    link, n = type(it)._sandbox_link, object.__getattribute__(it, '_sandbox_number')\n    try: return link.request('get', n, 'gi_frame').f_globals['WANT']\n    except Exception as e: return str(e)",
    ),
    "exception_traceback": (
        "callback",
        "def f(g):\n    try: g('x', 'y', 'z')\n    except Exception as e:\n        tb = e.__traceback__\n        while tb:\n            if 'WANT' in tb.tb_frame.f_globals: return tb.tb_frame.f_globals['WANT']\n            tb = tb.tb_next\n    return 0",
    ),
    "format_string": ("callback", "def f(g):\n    try: return int('{0.__globals__[WANT]}'.format(g))\n    except Exception as e: return str(e)"),
    "library_by_name": (
        "callback",
        """
        def f(g):
            link = type(g)._sandbox_link
            for name in ('builtins:globals', 'builtins:vars', 'builtins:eval', 'builtins:open', 'builtins:__import__'):
                try:
                    got = link.request('call', {'k': name}, ["WANT"], {'d': []})
                    if '982451653' in str(got): return 982451653
                except BaseException: pass
            return 0
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", attacks(("expected values are nowhere that the program can look", SEARCHES)))
def test_a_search_finds_nothing(grade: Grader, attack: Attack) -> None:
    held(grade, attack)


@pytest.mark.parametrize("attack", attacks(("what the tests hand over leads nowhere else", REACHING)))
def test_handles_lead_nowhere(grade: Grader, attack: Attack) -> None:
    held(grade, attack)
