"""Programs that try what a sandbox is there against, by kind; each defines `f`, some do their worst before that."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class World:
    """What lies outside for a program to reach."""

    folder: Path  # holds nothing but the secret
    secret_file: Path
    secret: str
    port: int  # somebody listens there on this machine
    pid: int  # the process that asked


Kind = Callable[[World, random.Random], str]


def programs(world: World, count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """`count` programs as (kind, source), the kinds in turn."""
    draw, kinds = random.Random(seed), list(KINDS.items())
    for number in range(count):
        name, kind = kinds[number % len(kinds)]
        yield name, kind(world, draw)


def _body(lines: str) -> str:
    """A function of these lines."""
    return "def f(x):\n" + "\n".join("    " + line for line in lines.strip("\n").split("\n"))


def _any(draw: random.Random, *bodies: str) -> str:
    text = draw.choice(bodies)
    return text.strip("\n") if "def f" in text else _body(text)


def _endless_loop(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "while True:\n    pass",
        "n = 0\nwhile n >= 0:\n    n += 1",
        "for _ in iter(int, 1):\n    pass",
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        f"if x == {draw.randrange(3)}:\n    while True:\n        x = x + 1\nreturn x",
        "while True:\n    pass\n\ndef f(x):\n    return x",
    )


def _memory(_: World, draw: random.Random) -> str:
    size = draw.choice(("10**7", "10**9", "10**12", "2**62"))
    return _any(
        draw,
        f"return [0] * {size}",
        f"return len('a' * {size})",
        "parts = []\nwhile True:\n    parts.append('a' * 100_000)",
        "d = {}\nn = 0\nwhile True:\n    d[n] = str(n) * 100\n    n += 1",
        "a = [1]\nwhile True:\n    a = a + a",
        f"return list(range({size}))",
        f"return bytes({size})",
    )


def _shared_parts(_: World, draw: random.Random) -> str:
    depth = draw.randint(6, 30)
    grow = "[a] * 10" if draw.random() < 0.5 else "(a, a, a, a)"
    return _body(f"a = 'x'\nfor _ in range({depth}):\n    a = {grow}\nreturn a")


def _read_file(world: World, draw: random.Random) -> str:
    path = draw.choice((str(world.secret_file), "/etc/passwd", "/proc/self/environ", f"/proc/{world.pid}/environ"))
    return _any(
        draw,
        f"return open({path!r}).read()",
        f"import pathlib\nreturn pathlib.Path({path!r}).read_text()",
        f"import os\nd = os.open({path!r}, os.O_RDONLY)\nreturn os.read(d, 1000)",
        f"import os\nreturn os.listdir({str(world.folder)!r})",
        f"import io\nreturn io.FileIO({path!r}).readall()",
    )


def _write_file(world: World, draw: random.Random) -> str:
    path = draw.choice((str(world.folder / f"new{draw.randrange(999)}"), str(world.secret_file)))
    return _any(
        draw,
        f"open({path!r}, 'w').write('gone')",
        f"import os\nos.write(os.open({path!r}, os.O_WRONLY | os.O_CREAT), b'gone')",
        f"import os\nos.remove({str(world.secret_file)!r})",
        f"import os\nos.mkdir({path + '-folder'!r})",
        f"import os\nos.rename({str(world.secret_file)!r}, {path + '-moved'!r})",
        f"import os\nos.symlink('/etc/passwd', {path + '-link'!r})",
        f"import os\nos.truncate({str(world.secret_file)!r}, 0)",
        f"import os\nos.chmod({str(world.secret_file)!r}, 0o777)",
    )


def _network(world: World, draw: random.Random) -> str:
    return _any(
        draw,
        f"import socket\ns = socket.create_connection(('127.0.0.1', {world.port}))\ns.send(b'hello')",
        f"import socket\ns = socket.socket()\ns.connect(('127.0.0.1', {world.port}))",
        f"import urllib.request\nreturn urllib.request.urlopen('http://127.0.0.1:{world.port}').read()",
        f"import _socket\ns = _socket.socket(2, 1)\ns.connect(('127.0.0.1', {world.port}))",
        f"import socket\nsocket.socket(2, 2).sendto(b'hello', ('127.0.0.1', {world.port}))",
        "import socket\ns = socket.socket()\ns.bind(('0.0.0.0', 0))\ns.listen()\ns.accept()",
        "import socket\nreturn socket.gethostbyname('localhost')",
    )


def _import(_: World, draw: random.Random) -> str:
    module = draw.choice(("os", "sys", "subprocess", "ctypes", "shutil", "pickle", "importlib", "builtins", "torch"))
    return _any(
        draw,
        f"import {module}\nreturn {module}.__dict__",
        f"return __import__({module!r})",
        f"import {module}\n\ndef f(x):\n    return dir({module})",
        f"from importlib import import_module\nreturn import_module({module!r})",
        "import sys\nreturn sys.modules['os'].environ",
    )


def _output(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "while True:\n    print('a' * 1000)",
        f"print('a' * {draw.choice((10**5, 10**6, 10**7))})",
        "import sys\nwhile True:\n    sys.stdout.write('a' * 1000)",
        "import os\nwhile True:\n    os.write(1, b'a' * 65536)",
        "import sys\nwhile True:\n    sys.stderr.write('a' * 1000)",
    )


def _recursion(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "return f(x)",
        "return f(x + 1) + f(x + 2)",
        "g = lambda n: g(n + 1)\nreturn g(0)",
        "import sys\nsys.setrecursionlimit(10**9)\nreturn f(x)",
        "a = []\nfor _ in range(10**6):\n    a = [a]\nreturn a",
        "return eval('(' * 100_000 + '1' + ')' * 100_000)",
        "return eval('-' * 200_000 + '1')",
    )


def _fork(world: World, draw: random.Random) -> str:
    mark = str(world.folder / f"child{draw.randrange(999)}")
    return _any(
        draw,
        "import os\nwhile True:\n    os.fork()",
        f"import os\nif os.fork() == 0:\n    open({mark!r}, 'w')\n    os._exit(0)",
        f"import subprocess\nreturn subprocess.run(['touch', {mark!r}])",
        f"import os\nreturn os.system('touch {mark}')",
        f"import os\nos.execv('/bin/sh', ['sh', '-c', 'touch {mark}'])",
        f"import os\nreturn os.posix_spawn('/bin/sh', ['sh', '-c', 'touch {mark}'], {{}})",
        f"import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 1; touch {mark}'], start_new_session=True)",
    )


def _evaluate(world: World, draw: random.Random) -> str:
    return _any(
        draw,
        f'exec("import os\\nos.remove({str(world.secret_file)!r})")',
        "return eval('f(x)')",
        "exec('while True: pass')",
        "return eval(compile('__import__(\"os\").getcwd()', 'a', 'eval'))",
        "exec('a = 0\\n' * 1_000_000)",
        f"return (lambda: exec(\"open({str(world.folder / 'exec')!r}, 'w')\"))()",
    )


def _dunder(world: World, draw: random.Random) -> str:
    find = "[c for c in ().__class__.__bases__[0].__subclasses__() if c.__name__ == {name!r}][0]"
    popen, wrap = find.format(name="Popen"), find.format(name="_wrap_close")
    mark = str(world.folder / "dunder")
    return _any(
        draw,
        f"return {popen}(['touch', {mark!r}])",
        f"return {wrap}.__init__.__globals__['system']('touch {mark}')",
        "return f.__globals__['__builtins__']",
        "return f.__code__.__class__",
        "f.__code__ = (lambda x: x).__code__.replace(co_code=bytes([255] * 100))\nreturn f(x)",
        "return (lambda: 0).__class__(f.__code__, {})",
        "class A(dict):\n    __getattr__ = __import__\nreturn A().os",
        "return type('A', (object,), {'__del__': lambda s: 1 / 0})()",
        "return ''.__class__.__mro__[-1].__subclasses__()",
        "return '{0.__class__.__init__.__globals__}'.format(f)",
    )


def _big_number(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "return 9 ** 9 ** 9",
        "n = 3\nwhile True:\n    n = n * n",
        f"return 1 << {draw.choice((10**8, 10**10, 2**62))}",
        "return str(7 ** 100_000)",
        f"return int('9' * {draw.choice((5000, 10**6))})",
        "return 10.0 ** 400",
        "return pow(3, 10**7, 10**4000 + 1)",
        "import math\nreturn math.factorial(10**7)",
        "return round(1e308 * 10)",
    )


def _big_text(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "return f'{1:1000000000}'",
        "return '%1000000000d' % 1",
        "return 'a'.ljust(10**10)",
        "s = 'ab'\nwhile True:\n    s = s.replace('a', 'aa')",
        "return ','.join(['a' * 1000] * 10**6)",
        "return repr('\\x00' * 10**7)",
        "return '{:>{}}'.format('a', 10**9)",
        "return 'a' * 10**7 == 'a' * 10**7",
    )


def _pattern(_: World, draw: random.Random) -> str:
    length = draw.randint(28, 60)
    return _any(
        draw,
        f"import re\nreturn re.match('(a+)+$', 'a' * {length} + 'b')",
        f"import re\nreturn re.match('(a|aa)+$', 'a' * {length} + 'b')",
        "import re\nreturn re.sub('(.*)*x', '', 'a' * 100_000)",
        f"import re\nreturn re.compile('(' * {draw.choice((50, 500, 5000))} + ')' * 50)",
        "import re\nreturn re.compile('a{1,65000}{1,65000}')",
    )


def _exception(world: World, draw: random.Random) -> str:
    bad = "class A(Exception):\n    def __str__(self):\n        {0}\n    __repr__ = __str__\n"
    return _any(
        draw,
        bad.format("while True:\n            pass") + "\ndef f(x):\n    raise A()",
        bad.format("raise A()") + "\ndef f(x):\n    raise A()",
        bad.format("return 'a' * 10**9") + "\ndef f(x):\n    raise A()",
        bad.format("return 7") + "\ndef f(x):\n    return A()",
        f"raise ValueError('a' * {draw.choice((10**4, 10**6, 10**7))})",
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "try:\n    f(x)\nfinally:\n    f(x)",
        "e = ValueError()\nfor _ in range(10**5):\n    n = ValueError()\n    n.__cause__ = e\n    e = n\nraise e",
    )


def _generator(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "def g():\n    while True:\n        yield 1\nreturn list(g())",
        "return sum(1 for _ in iter(int, 1))",
        "import itertools\nreturn list(itertools.count())",
        "import itertools\nreturn max(itertools.repeat(1))",
        "return list(zip(*[iter(int, 1)] * 3))",
        "return sorted(range(10**8))",
        "class A:\n    def __iter__(self):\n        return self\n    def __next__(self):\n        return 1\n"
        "return set(A())",
    )


def _forged(_: World, draw: random.Random) -> str:
    """Reports of its own making: for a test that expects what nobody outside can know."""
    value = draw.randrange(1000)
    return _any(
        draw,
        f"for i in range(100):\n    print('\\x02' + str(i) + ':v{value}', end='\\x03')\nreturn {value}",
        "class A:\n    def __eq__(self, other):\n        return True\n"
        f"    def __repr__(self):\n        return '{value}'\n"
        "return A()",
        "return True",
        f"print('\\x02' * 1000 + '\\x03' * 1000)\nreturn {value}",
        "global _calls, _print, _repr\n_calls = _print = _repr = None",
        f"global _repr\n_repr = lambda v: '{value}'\nreturn x",
    )


def _process(world: World, draw: random.Random) -> str:
    return _any(
        draw,
        "import os\nos._exit(0)",
        "import os\nos.abort()",
        f"import os\nos.kill({world.pid}, 9)",
        "import os\nos.kill(os.getppid(), 15)",
        "import os\nos.killpg(0, 9)",
        "import signal\nsignal.signal(14, lambda *a: None)\nsignal.alarm(1)\nsignal.pause()",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nreturn [0] * 10**9",
        "import ctypes\nctypes.string_at(0)",
        "import ctypes\nreturn ctypes.CDLL(None).fork()",
        "import ctypes\nreturn ctypes.CDLL(None).system(b'ls')",
        "import os\nos.setuid(0)\nos.chroot('/')",
    )


def _thread(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        "import threading\nwhile True:\n    threading.Thread(target=lambda: f(x)).start()",
        "import _thread\nwhile True:\n    _thread.start_new_thread(f, (x,))",
        "import asyncio\nasyncio.run(asyncio.sleep(100))",
        "import multiprocessing\nmultiprocessing.Process(target=f, args=(x,)).start()",
    )


def _sleep(_: World, draw: random.Random) -> str:
    return _any(
        draw,
        f"import time\ntime.sleep({draw.choice((1, 60, 10**6))})",
        "import time\nt = time.time()\nwhile time.time() < t + 100:\n    pass",
        "import select\nselect.select([], [], [])",
        "return input()",
        "import sys\nreturn sys.stdin.read()",
    )


def _no_program(_: World, draw: random.Random) -> str:
    return draw.choice(
        (
            "def f(x",
            "(" * 5000,
            "\x00def f(x): return 1",
            "def f(x):\n" + "".join(" " * (i + 1) + "if x:\n" for i in range(200)) + " " * 201 + "return 1",
            "x = " + "+".join(["1"] * 5000),
            "return 1",
            "",
            "f = 7",
            "def f(x): return 1\n" * 3000,
            "\ud800",
            "def f():\n    return 1",
        )
    )


KINDS: dict[str, Kind] = {
    "endless loop": _endless_loop,
    "memory": _memory,
    "shared parts": _shared_parts,
    "reading files": _read_file,
    "writing files": _write_file,
    "network": _network,
    "imports": _import,
    "huge output": _output,
    "recursion": _recursion,
    "processes": _fork,
    "eval and exec": _evaluate,
    "dunder escapes": _dunder,
    "huge numbers": _big_number,
    "huge text": _big_text,
    "pattern bombs": _pattern,
    "hostile exceptions": _exception,
    "endless iterators": _generator,
    "forged reports": _forged,
    "ending others": _process,
    "threads": _thread,
    "sleeping": _sleep,
    "no program": _no_program,
}
