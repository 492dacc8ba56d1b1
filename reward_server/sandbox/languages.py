"""The languages that programs may be written in: one table, read by verifiers, by ``/v1/execute`` and by image builds.

A row says how a program is compiled and run in its image (``sandboxes/images/<image>``), what models call the
language on a fence, and a smallest program that the build of an image must get right before the image advertises
the language. Rows are independent: a new language is a row here and a ``Dockerfile``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reward_server.sandbox.base import PYTHON, Language


@dataclass(frozen=True, slots=True)
class LanguageEntry:
    """A language with what its image is probed with, and the words that name it."""

    language: Language
    aliases: tuple[str, ...]
    """What may stand after a fence beside the name itself, in lower case."""
    probe: str
    """A program that reads one integer and prints its double."""
    probe_input: str = "21\n"


_JAVA = ("-Xss64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto")
_NODE = ("/usr/bin/node", "--stack-size=60000", "--max-old-space-size=4096")
_PYTHON_PROBE = "print(int(input()) * 2)"
_JS_PROBE = "console.log(parseInt(require('fs').readFileSync(0, 'utf8')) * 2);"


def _native(
    name: str, file: str, *compiler: str, version: tuple[str, ...], image: str = "", time_s: float = 20
) -> Language:
    return Language(
        name=name,
        image=image or name,
        file=file,
        compile=compiler,
        run=("{build}/program",),
        version=version,
        compile_time_s=time_s,
        address_space_mb=1024,
    )


def _script(name: str, file: str, *command: str, version: tuple[str, ...]) -> Language:
    return Language(
        name=name, image=name, file=file, run=(*command, "{build}/" + file), version=version, address_space_mb=2048
    )


_TABLE: tuple[LanguageEntry, ...] = (
    LanguageEntry(PYTHON, ("py", "python3", "python2", "py3", "pypy", "pypy3", "ipython", "cpython"), _PYTHON_PROBE),
    LanguageEntry(
        _native(
            "c", "main.c", "/usr/bin/gcc", "-O2", "-std=gnu17", "-w", "-o", "program", "main.c", "-lm", "-pthread",
            version=("/usr/bin/gcc", "--version"), image="cpp",
        ),
        ("c11", "c17", "c99", "gcc"),
        '#include <stdio.h>\nint main(void) { int n; scanf("%d", &n); printf("%d\\n", 2 * n); }',
    ),
    LanguageEntry(
        _native(
            "cpp", "main.cpp", "/usr/bin/g++", "-O2", "-std=gnu++20", "-w", "-o", "program", "main.cpp", "-pthread",
            version=("/usr/bin/g++", "--version"), time_s=30,
        ),
        ("c++", "cxx", "cc", "c++17", "c++20", "cpp17", "cpp20", "g++", "h++"),
        '#include <bits/stdc++.h>\nint main() { int n; std::cin >> n; std::cout << 2 * n << "\\n"; }',
    ),
    LanguageEntry(
        Language(
            name="java", image="java", file="Main.java",
            compile=(
                "/usr/bin/javac", "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-encoding", "UTF-8", "-nowarn",
                "-d", ".", "Main.java",
            ),
            run=("/usr/bin/java", *_JAVA, "-cp", "{build}", "Main"),
            version=("/usr/bin/javac", "-version"), compile_time_s=30,
        ),
        ("jdk", "java8", "java17"),
        "import java.util.*;\npublic class Main { public static void main(String[] a) {"
        " System.out.println(new Scanner(System.in).nextInt() * 2); } }",
    ),
    LanguageEntry(
        Language(
            name="javascript", image="javascript", file="source.js", run=(*_NODE, "{build}/main.js"),
            compile=("/usr/bin/node", "/opt/javascript/compile.js", "source.js"),
            version=("/usr/bin/node", "--version"),
        ),
        ("js", "node", "nodejs", "ecmascript", "mjs", "jsx"),
        _JS_PROBE,
    ),
    LanguageEntry(
        Language(
            name="typescript", image="javascript", file="source.ts", run=(*_NODE, "{build}/main.js"),
            compile=("/usr/bin/node", "/opt/javascript/compile.js", "source.ts"),
            version=("/usr/bin/node", "/opt/javascript/compile.js", "--version"), compile_time_s=20,
        ),
        ("ts", "tsx"),
        "declare const require: any;\nconst n: number = parseInt(require('fs').readFileSync(0, 'utf8'));\n"
        "console.log(n * 2);",
    ),
    LanguageEntry(
        Language(
            name="go", image="go", file="main.go",
            compile=("/usr/bin/go", "build", "-o", "program", "main.go"), run=("{build}/program",),
            version=("/usr/bin/go", "version"), compile_time_s=60, compile_memory_mb=2048,
            env={"GOCACHE": "/tmp/go-cache", "GOPATH": "/tmp/go", "GO111MODULE": "off", "CGO_ENABLED": "0"},
        ),
        ("golang",),
        'package main\nimport "fmt"\nfunc main() { var n int; fmt.Scan(&n); fmt.Println(2 * n) }',
    ),
    LanguageEntry(
        _native(
            "rust", "main.rs", "/usr/bin/rustc", "-O", "--edition=2021", "-A", "warnings", "-o", "program", "main.rs",
            version=("/usr/bin/rustc", "--version"), time_s=40,
        ),
        ("rs",),
        "use std::io;\nfn main() { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();"
        ' println!("{}", s.trim().parse::<i64>().unwrap() * 2); }',
    ),
    LanguageEntry(
        _script("bash", "main.sh", "/bin/bash", version=("/bin/bash", "--version")),
        ("sh", "shell", "zsh", "console"),
        "read -r n\necho $((n * 2))",
    ),
    LanguageEntry(
        _script("ruby", "main.rb", "/usr/bin/ruby", version=("/usr/bin/ruby", "--version")),
        ("rb",),
        "puts gets.to_i * 2",
    ),
    LanguageEntry(
        _script(
            "php", "main.php", "/usr/bin/php", "-d", "display_errors=stderr", "-d", "memory_limit=-1",
            version=("/usr/bin/php", "--version"),
        ),
        ("php8",),
        "<?php echo intval(fgets(STDIN)) * 2, PHP_EOL;",
    ),
    LanguageEntry(
        _script("perl", "main.pl", "/usr/bin/perl", version=("/usr/bin/perl", "--version")),
        ("pl", "perl5"),
        "my $n = <STDIN>; print $n * 2, qq(\\n);",
    ),
    LanguageEntry(
        _script("lua", "main.lua", "/usr/bin/lua5.4", version=("/usr/bin/lua5.4", "-v")),
        ("luajit",),
        'print(io.read("n") * 2)',
    ),
    LanguageEntry(
        _script("r", "main.R", "/usr/bin/Rscript", "--vanilla", version=("/usr/bin/Rscript", "--version")),
        ("rscript",),
        'n <- as.integer(readLines(file("stdin"), n = 1))\ncat(n * 2L, "\\n")',
    ),
    LanguageEntry(
        Language(
            name="sql", image="sql", file="main.sql",
            run=("/usr/bin/python3", "/opt/sqlite/run.py", "{build}/main.sql"),
            version=("/usr/bin/python3", "/opt/sqlite/run.py", "--version"), address_space_mb=2048,
        ),
        ("sqlite", "sqlite3"),
        "SELECT n * 2 FROM input;",
        "CREATE TABLE input (n INTEGER); INSERT INTO input VALUES (21);",
    ),
    LanguageEntry(
        _native(
            "haskell", "main.hs", "/usr/bin/ghc", "-O1", "-v0", "-o", "program", "main.hs",
            version=("/usr/bin/ghc", "--version"), time_s=60,
        ),
        ("hs", "ghc"),
        "main :: IO ()\nmain = readLn >>= \\n -> print (2 * n :: Int)",
    ),
    LanguageEntry(
        _native(
            "ocaml", "main.ml", "/usr/bin/ocamlfind", "ocamlopt", "-w", "-a", "-package", "str,unix", "-linkpkg",
            "-o", "program", "main.ml",
            version=("/usr/bin/ocamlopt", "-version"),
        ),
        ("ml",),
        'let () = Scanf.scanf " %d" (fun n -> Printf.printf "%d\\n" (2 * n))',
    ),
    LanguageEntry(
        Language(
            name="csharp", image="csharp", file="main.cs",
            compile=("/usr/bin/mcs", "-optimize+", "-warn:0", "-r:System.Numerics.dll", "-out:program.exe", "main.cs"),
            run=("/usr/bin/mono", "{build}/program.exe"), version=("/usr/bin/mono", "--version"), compile_time_s=30,
        ),
        ("c#", "cs", "dotnet"),
        "using System;\nclass P { static void Main() { Console.WriteLine(int.Parse(Console.ReadLine()) * 2); } }",
    ),
    LanguageEntry(
        Language(
            name="kotlin", image="kotlin", file="main.kt",
            compile=("/usr/bin/kotlinc", "-nowarn", "-d", ".", "main.kt"),
            run=("/usr/bin/java", *_JAVA, "-cp", "{build}:/usr/share/kotlin/kotlinc/lib/kotlin-stdlib.jar", "MainKt"),
            version=("/usr/bin/kotlinc", "-version"), compile_time_s=90, compile_memory_mb=2048,
        ),
        ("kt", "kts"),
        "fun main() { println(readLine()!!.trim().toInt() * 2) }",
    ),
    LanguageEntry(
        Language(
            name="scala", image="scala", file="main.scala",
            compile=("/usr/bin/scalac", "-nowarn", "-d", ".", "main.scala"),
            run=("/usr/bin/java", *_JAVA, "-cp", "{build}:/usr/share/java/scala-library.jar", "Main"),
            version=("/usr/bin/scalac", "-version"), compile_time_s=90, compile_memory_mb=2048,
        ),
        ("scala2",),
        "object Main { def main(args: Array[String]): Unit = println(scala.io.StdIn.readInt() * 2) }",
    ),
    LanguageEntry(
        Language(
            name="rocq", image="rocq", file="main.v",
            run=("/bin/sh", "-c", "test -e main.v || cp {build}/main.v . && exec /usr/bin/coqc -q -noglob main.v"),
            version=("/usr/bin/coqc", "--version"), address_space_mb=2048,
        ),
        ("coq", "gallina"),
        'Goal True. idtac "42". Abort.',
    ),
    LanguageEntry(
        Language(
            name="lean", image="lean", file="main.lean", run=("/opt/lean/bin/lean", "--run", "{build}/main.lean"),
            version=("/opt/lean/bin/lean", "--version"),
        ),
        ("lean4",),
        "def main : IO Unit := do\n  let line ← (← IO.getStdin).getLine\n  IO.println (2 * line.trim.toNat!)",
    ),
)  # fmt: skip

LANGUAGES: Mapping[str, LanguageEntry] = MappingProxyType({entry.language.name: entry for entry in _TABLE})
"""Every language by its name."""

NOT_AVAILABLE: Mapping[str, str] = MappingProxyType(
    {"swift": "Debian 12 and npm carry no Swift compiler; an image that brings one needs only a row here"}
)
"""Languages that were asked for and cannot be had, with why."""


def languages_of_image(image: str) -> tuple[LanguageEntry, ...]:
    """The rows that an image should serve."""
    return tuple(entry for entry in _TABLE if entry.language.image == image)
