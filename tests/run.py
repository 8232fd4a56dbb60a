#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs tests of all kinds, two at a time, and adds up what they say.

    tests/run.py [--jobs N] [--logs DIRECTORY] [--fuzz-seconds N] KIND:FILE...

KIND is unit (a cmocka program), fuzz (a libFuzzer program), pytest (a file
with tests for pytest) or pytest-ARCH (the same, on machines of that
architecture: SKYSCOPE_ARCH). The output of each goes to a log file of its own; of a
test that fails, the end is shown too. The last line is

    N passed, N failed[, N skipped]

and the exit status is 0 if none failed, 1 if some did, 2 if the call was wrong.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTEST_NO_TESTS = 5  # its exit status
TIME_LIMITS = {"unit": 300, "fuzz": 300, "pytest": 840}  # seconds for one file
# Fuzz targets that get a million runs, however long that takes: what they test reads bytes before anyone has vouched
# for them. They are quick.
MILLION_RUNS = ("manifest", "trust_anchor")
TIME_FACTOR = float(os.environ.get("SKYSCOPE_TEST_TIME_FACTOR", "1"))
SHOWN_LINES = 40


class Result:
    """What one test file said."""

    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []  # names
        self.skips = []     # "name: reason"
        self.seconds = 0.0


def run(command, log, limit, environment=None):
    """Runs a command with its output in the file log. Returns its exit status; None if it took too long."""
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT,
                                 env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            return child.wait(timeout=limit * TIME_FACTOR)
        except subprocess.TimeoutExpired:
            # At an interrupt pytest says where it was, and reports what came before.
            for signal_sent, patience in ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, None)):
                os.killpg(child.pid, signal_sent)
                try:
                    child.wait(timeout=patience)
                    break
                except subprocess.TimeoutExpired:
                    continue
            return None


def how_it_ended(status, limit):
    if status is None:
        return f"still running after {limit * TIME_FACTOR:.0f} s"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def run_unit(file, log, _):
    """A cmocka program: counts the lines of its TAP output."""
    result = Result()
    status = run([file], log, TIME_LIMITS["unit"],
                 {"CMOCKA_MESSAGE_OUTPUT": "TAP", "UBSAN_OPTIONS": "print_stacktrace=1"})
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"\s*(not ok|ok)\b\s*\d*\s*-?\s*(.*)", line)
        if match is None:
            continue
        if re.search(r"#\s*SKIP", line, re.IGNORECASE):
            result.skipped += 1
            result.skips.append(match[2].removeprefix("# SKIP").strip())
        elif match[1] == "ok":
            result.passed += 1
        else:
            result.failures.append(match[2])
    if status != 0 and not result.failures:
        result.failures.append(f"({how_it_ended(status, TIME_LIMITS['unit'])})")
    elif result.passed + result.skipped == 0 and not result.failures:
        result.failures.append("(no test ran)")
    return result


def run_fuzz(file, log, options):
    """A libFuzzer program: one pass if it finds nothing in the time given, or in a million runs."""
    result = Result()
    name = pathlib.Path(file).name
    corpus = options.logs / "corpus" / pathlib.Path(file).parent.name / name
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True)
    seeds = [ROOT / "tests/fuzz/corpus" / name, pathlib.Path(file).parent / "seeds" / name]
    enough = "-runs=1000000" if name in MILLION_RUNS else f"-max_total_time={options.fuzz_seconds}"
    command = [file, enough, "-timeout=10", "-rss_limit_mb=1024", "-seed=1",
               "-print_final_stats=1", f"-artifact_prefix={options.logs}/{pathlib.Path(file).parent.name}-{name}-", str(corpus)]
    command += [str(directory) for directory in seeds if directory.is_dir()]
    status = run(command, log, TIME_LIMITS["fuzz"] + options.fuzz_seconds)
    if status == 0:
        result.passed = 1
    else:
        result.failures.append(f"({how_it_ended(status, TIME_LIMITS['fuzz'])})")
    return result


def run_pytest(file, log, options, architecture=None):
    """A file of tests for pytest: counts what its JUnit report says."""
    result = Result()
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    status = run(["/usr/bin/python3", "-B", "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=tests", "-v",
                  f"--junitxml={report}", file], log, TIME_LIMITS["pytest"],
                 {"SKYSCOPE_ARCH": architecture} if architecture else None)
    try:
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        cases = []
    for case in cases:
        kinds = {child.tag: child for child in case}
        if "failure" in kinds or "error" in kinds:
            result.failures.append(case.get("name") or case.get("classname"))
        elif "skipped" in kinds:
            result.skipped += 1
            result.skips.append(f"{case.get('name')}: {kinds['skipped'].get('message', '')}")
        else:
            result.passed += 1
    # A file of which all is skipped has no tests, as pytest sees it.
    nothing_to_run = status == PYTEST_NO_TESTS and result.skipped != 0
    if status != 0 and not nothing_to_run and not result.failures:
        result.failures.append(f"({how_it_ended(status, TIME_LIMITS['pytest'])})")
    return result


RUNNERS = {"unit": run_unit, "fuzz": run_fuzz, "pytest": run_pytest}
RUNNERS |= {f"pytest-{architecture}": functools.partial(run_pytest, architecture=architecture)
            for architecture in ("x86_64", "aarch64")}


def main():
    parser = argparse.ArgumentParser(description="Runs tests of all kinds and adds up what they say.")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time (default: 2)")
    parser.add_argument("--logs", type=pathlib.Path, default=ROOT / "build" / "test-logs")
    parser.add_argument("--fuzz-seconds", type=int, default=8, help="seconds for each fuzz target (default: 8)")
    parser.add_argument("tests", nargs="*", metavar="KIND:FILE")
    options = parser.parse_args()
    options.logs = options.logs.resolve()
    tests = []
    for test in options.tests:
        kind, colon, file = test.partition(":")
        if not colon or kind not in RUNNERS:
            parser.error(f"{test}: use KIND:FILE with KIND one of {', '.join(RUNNERS)}")
        tests.append((kind, file))
    options.logs.mkdir(parents=True, exist_ok=True)

    # The tests that took longest last time go first.
    durations_file = options.logs / "durations.json"
    try:
        durations = json.loads(durations_file.read_text())
    except (OSError, ValueError):
        durations = {}
    guess = {"pytest": 100, "fuzz": 10, "unit": 1}
    tests.sort(key=lambda test: -durations.get(":".join(test), guess[test[0].partition("-")[0]]))

    printing = threading.Lock()
    results = []

    def run_one(test):
        kind, file = test
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", str(pathlib.PurePath(file).with_suffix("")))
        log = options.logs / f"{kind}-{stem.removeprefix('build-').removeprefix('tests-')}.log"
        start = time.monotonic()
        try:
            result = RUNNERS[kind](file, log, options)
        except OSError as error:
            result = Result()
            result.failures.append(f"({error})")
            log.touch()
        result.seconds = time.monotonic() - start
        with printing:
            word = "FAIL" if result.failures else "PASS"
            counts = f"{result.passed} passed"
            if result.failures:
                counts += f", {len(result.failures)} failed"
            if result.skipped:
                counts += f", {result.skipped} skipped"
            print(f"  {word} {kind} {file}: {counts} ({result.seconds:.1f} s)")
            for skip in result.skips:
                print(f"       skipped: {skip}")
            for failure in result.failures:
                print(f"       failed: {failure}")
            if result.failures:
                print(f"       log: {log}")
                for line in log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]:
                    print(f"       | {line}")
            sys.stdout.flush()
        durations[":".join(test)] = round(result.seconds, 1)
        return result

    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        results = list(pool.map(run_one, tests))
    durations_file.write_text(json.dumps(durations, indent=1, sort_keys=True) + "\n")

    passed = sum(result.passed for result in results)
    failed = sum(len(result.failures) for result in results)
    skipped = sum(result.skipped for result in results)
    if skipped:
        print(f"{skipped} skipped: each says why, above")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
