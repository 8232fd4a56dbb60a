#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Formatting and static analysis of all tracked files. Every finding is an error.

    mk/lint.py [--jobs N] [--only CHECK,...] [FILE...]

CHECK: spdx, format, tidy, cppcheck, shell, python. How a file is compiled is
asked of make, so that the analysers see what the compilers see. A file that
clang-tidy found nothing in is not looked at again until it, a header or the
configuration changes (build/lint/clean).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "lint"
CHECKS = ["spdx", "format", "tidy", "cppcheck", "shell", "python"]

# Options of gcc's that clang does not know, or that bring gcc's own headers.
GCC_ONLY_PREFIXES = ("-fno-ipa", "-fno-tree-loop", "-fanalyzer", "-mindirect-branch", "-mfunction-return", "-fconserve-stack")

CPPCHECK_OPTIONS = [
    "--quiet", "--error-exitcode=1", "--inline-suppr", "--std=c11", "--enable=warning,performance,portability",
    "--template={file}:{line}: {severity}: {message} [{id}]", "--suppress=missingIncludeSystem",
    "--suppress=*:third_party/*", "--suppress=*:/usr/*",
    # Takes `register uint64_t r10 __asm__("r10") = x` for an expression.
    "--suppress=constStatement",
    # Sections are delimited by linker symbols, which look like separate objects.
    "--suppress=comparePointers",
]


def tracked_files():
    output = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in output.split("\0") if name and (ROOT / name).is_file())

# Compiled with a Microkit SDK's headers only.
FOR_SDK = ("sel4/", "tests/system/sel4/", "vmm/hv/sel4/", "drivers/timer/timer_driver.c", "drivers/timer/arch/")


def compile_commands_for(architecture):
    """Asks make how it would compile everything: {file: arguments}, and what make complained of."""
    asked = subprocess.run(["make", "--no-print-directory", "--always-make", "--dry-run", "--keep-going",
                            "SECOND_PASS=yes", f"ARCH={architecture}", "everything"], cwd=ROOT, capture_output=True,
                           text=True)
    commands = {}
    for line in asked.stdout.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if not words or pathlib.Path(words[0]).name not in ("gcc", "clang", "cc", "aarch64-linux-gnu-gcc"):
            continue
        for word in words[1:]:
            if word.endswith(".c") and (ROOT / word).is_file():
                commands.setdefault(word, words)
    return commands, asked.stderr.strip() if asked.returncode != 0 else ""


def compile_commands():
    """As compile_commands_for(), for all architectures: each file as the one compiles it that it is for."""
    commands, complaint = compile_commands_for("x86_64")
    others, other_complaint = compile_commands_for("aarch64")
    for file, words in others.items():
        if file not in commands or "aarch64" in file:
            commands[file] = words
    return commands, "\n".join(filter(None, (complaint, other_complaint)))


def clang_arguments(words):
    """A compiler's arguments as clang takes them, without output and dependency files."""
    result = ["clang"]
    if words[0].startswith("aarch64-"):
        result += ["--target=aarch64-linux-gnu", "-isystem", "/usr/aarch64-linux-gnu/include"]
    skip = 0
    for i, word in enumerate(words[1:], 1):
        if skip:
            skip -= 1
        elif word == "-isystem" and ("/gcc/" in words[i + 1] or "/gcc-cross/" in words[i + 1]):
            skip = 1
        elif word.startswith("-mstack-protector-guard") and words[0].startswith("aarch64-"):
            continue
        elif word in ("-o", "-MF", "-MT"):
            skip = 1
        elif word in ("-MMD", "-MP", "-nostdinc", "-Werror") or word.startswith(GCC_ONLY_PREFIXES):
            continue
        else:
            result.append(word)
    return result + ["-Wno-unknown-warning-option", "-Wno-unused-command-line-argument"]


def run(command):
    """Runs an analyser; returns what it says if it fails, else nothing."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"{command[0]} failed"


def check_spdx(file):
    with open(ROOT / file, encoding="utf-8", errors="replace") as source:
        head = source.read(512)
    if "SPDX-License-Identifier: BSD-2-Clause" not in head:
        return f"{file}:1: error: no line `SPDX-License-Identifier: BSD-2-Clause` at the top"
    return ""


def check_format(file):
    return run(["clang-format", "--dry-run", "-Werror", file])


def check_tidy(file, command, configuration):
    preprocessed = subprocess.run(command + ["-E", "-C", "-o", "-"], cwd=ROOT, capture_output=True)
    key = hashlib.sha256(configuration + " ".join(command).encode() + preprocessed.stdout).hexdigest()
    clean = OUTPUT / "clean" / key
    if preprocessed.returncode == 0 and clean.exists():
        return ""
    findings = run(["clang-tidy", "--quiet", "-p", str(OUTPUT), file])
    lines = [line for line in findings.splitlines() if not line.endswith(" warnings generated.")
             and not line.endswith(" warning generated.")]
    if not findings:
        clean.touch()
    return "\n".join(lines)


def check_shell(file):
    return run(["shellcheck", "-x", file])


def check_python(file):
    try:
        compile((ROOT / file).read_text(encoding="utf-8"), file, "exec")
    except SyntaxError as error:
        return f"{file}:{error.lineno}: error: {error.msg}"
    return ""


def is_shell_script(file):
    if file.endswith(".sh"):
        return True
    with open(ROOT / file, "rb") as source:
        return source.readline(64).strip() in (b"#!/bin/sh", b"#!/bin/bash")


def main():
    parser = argparse.ArgumentParser(description="Formatting and static analysis of all tracked files.")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="checks to make, separated by commas: " + ", ".join(CHECKS))
    parser.add_argument("files", nargs="*", help="only these files")
    options = parser.parse_args()
    checks = options.only.split(",") if options.only else CHECKS
    for check in checks:
        if check not in CHECKS:
            parser.error(f"no check {check!r}; use {', '.join(CHECKS)}")

    (OUTPUT / "clean").mkdir(parents=True, exist_ok=True)
    files = [file for file in tracked_files() if not options.files or file in options.files]
    sources = [file for file in files if file.endswith(".c")]
    layout = [file for file in files if file.endswith((".c", ".h"))]
    licensed = [file for file in files if file.endswith((".c", ".h", ".S", ".ld", ".mk", ".py", ".sh", ".system"))]
    jobs = []  # (function, arguments)
    if "spdx" in checks:
        jobs += [(check_spdx, (file,)) for file in licensed]
    if "format" in checks:
        jobs += [(check_format, (file,)) for file in layout]
    if "shell" in checks:
        jobs += [(check_shell, (file,)) for file in files if is_shell_script(file)]
    if "python" in checks:
        jobs += [(check_python, (file,)) for file in files if file.endswith(".py")]
    findings = []
    if "tidy" in checks or "cppcheck" in checks:
        commands, complaint = compile_commands()
        tracked = set(tracked_files())
        commands = {file: clang_arguments(words) for file, words in commands.items() if file in tracked}
        findings += [complaint] if complaint else []
        database = OUTPUT / "compile_commands.json"
        new = OUTPUT / f"compile_commands.{os.getpid()}"
        new.write_text(json.dumps(
            [{"directory": str(ROOT), "file": file, "arguments": command} for file, command in commands.items()],
            indent=1))
        new.rename(database)
        commands = {file: command for file, command in commands.items() if file in sources}
        unseen = [file for file in sources if file not in commands]
        if not os.environ.get("MICROKIT_SDK"):
            skipped = [file for file in unseen if file.startswith(FOR_SDK)]
            unseen = [file for file in unseen if file not in skipped]
            if skipped:
                print(f"lint: {len(skipped)} files for seL4 are not analysed: give a Microkit SDK with MICROKIT_SDK=DIRECTORY")
        findings += [f"{file}:1: error: no rule compiles this file, so no analyser sees it" for file in unseen]
        if "cppcheck" in checks:
            cache = OUTPUT / "cppcheck"
            cache.mkdir(exist_ok=True)
            only = [f"--file-filter=*/{file}" for file in sources] if options.files else []
            jobs.append((run, (["cppcheck", f"--project={database}", f"--cppcheck-build-dir={cache}"]
                               + CPPCHECK_OPTIONS + only,)))
        if "tidy" in checks:
            configuration = (ROOT / ".clang-tidy").read_bytes()
            jobs += [(check_tidy, (file, command, configuration)) for file, command in commands.items()]
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        findings += [text for text in pool.map(lambda job: job[0](*job[1]), jobs) if text]
    for text in findings:
        lines = text.splitlines()
        print("\n".join(lines[:12] + ([f"... {len(lines) - 12} lines more"] if len(lines) > 12 else [])))
    if findings:
        print(f"lint: {len(findings)} files or checks with findings")
        return 1
    print(f"lint: {len(files)} files, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
