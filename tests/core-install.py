#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a C programmer gets from `meson install`, used as he would use it, outside of this tree.

    core-install.py BUILD_DIRECTORY SAMPLE.c

Installs headers, library and pixpool-core.pc below a temporary folder; compiles each header alone
and SAMPLE.c with nothing but what pkg-config says, and runs it. Reads the headers too: a public
declaration without a comment, or without the words that its kind owes, is a failure. TAP on standard
output.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wmissing-prototypes", "-Wundef", "-Werror"]
# A function by its name and the macros in front of it; the tree's layout puts its type before it.
FUNCTION = re.compile(r"^(?!.*\bstatic\b|typedef|#|PP_DEFINE)[\w \*]*?\b(pp_\w+)\(", re.M)
TOLD = re.compile(r"[Rr]eturn|[Ll]ike |as pp_")


def compilers():
    return [name for name in ("gcc", "clang") if shutil.which(name)]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def install(build, into):
    result = run(
        "meson", "install", "-C", build, "--no-rebuild", "--tags", "devel", "--destdir", into
    )
    if result.returncode != 0:
        raise SystemExit("Bail out! meson install: " + result.stdout + result.stderr)
    for folder, _, names in os.walk(into):
        if "pixpool-core.pc" in names:
            return folder
    raise SystemExit("Bail out! no pixpool-core.pc was installed")


def pkg_config(folder, root, *arguments):
    environment = dict(os.environ, PKG_CONFIG_PATH=folder, PKG_CONFIG_SYSROOT_DIR=root)
    result = run("pkg-config", *arguments, "pixpool-core", env=environment)
    if result.returncode != 0:
        raise SystemExit("Bail out! pkg-config: " + result.stderr)
    return result.stdout.split()


def blocks(text):
    """The header cut at its blank lines: a comment and what it is about are one block."""
    return [block for block in re.split(r"\n\s*\n", text) if block.strip()]


def uncommented(path):
    """Functions whose block does not begin with a comment."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    missing = []
    for block in blocks(text):
        for match in FUNCTION.finditer(block):
            if "/*" not in block[: match.start()]:
                missing.append(match.group(1))
    return missing


def returns_untold(path):
    """Functions that must be checked, in a block whose comment never says what is returned."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    missing = []
    for block in blocks(text):
        comment = " ".join(re.findall(r"/\*.*?\*/", block, re.S))
        for match in FUNCTION.finditer(block):
            if "PP_MUST_CHECK" in match.group(0) and not TOLD.search(comment):
                missing.append(match.group(1))
    return missing


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def report(self, passed, name, why=""):
        self.count += 1
        self.failed += not passed
        print(("ok" if passed else "not ok"), self.count, name)
        for line in why.splitlines() if not passed else ():
            print("#", line)


def check_headers(tap, include):
    folder = os.path.join(include, "core")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        for compiler in compilers():
            result = run(
                compiler, "-std=c11", *STRICT, "-I", include, "-fsyntax-only", "-x", "c", "-",
                input=f"#include <core/{name}>\n#include <core/{name}>\n",
            )
            tap.report(
                result.returncode == 0, f"{name} compiles alone with {compiler}", result.stderr
            )
        missing = uncommented(path)
        tap.report(not missing, f"{name} has a comment for each function", "\n".join(missing))
        missing = returns_untold(path)
        tap.report(not missing, f"{name} says what its functions return", "\n".join(missing))


def check_sample(tap, flags, sample, work):
    program = os.path.join(work, "sample")
    # From a copy, so that nothing of the tree is found beside it.
    source = shutil.copy(sample, work)
    for compiler in compilers():
        result = run(compiler, "-std=gnu11", *STRICT, source, "-o", program, *flags, cwd=work)
        tap.report(
            result.returncode == 0,
            f"a sample builds outside of the tree with {compiler}",
            result.stderr,
        )
        if result.returncode == 0:
            result = run(program, cwd=work, timeout=300)
            expected = "".join(f"{i * i}\n" for i in range(10))
            tap.report(
                result.returncode == 0 and result.stdout == expected,
                f"and does its work when built with {compiler}",
                result.stdout + result.stderr,
            )


def main():
    build, sample = sys.argv[1:]
    tap = Tap()
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as work:
        folder = install(build, root)
        flags = pkg_config(folder, root, "--cflags", "--libs")
        include = next(flag[2:] for flag in flags if flag.startswith("-I"))
        check_headers(tap, include)
        check_sample(tap, flags, sample, work)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
