# SPDX-License-Identifier: BSD-2-Clause
"""Our cryptography, by build/tests/crypto_cli: see tests/interop/crypto_cli.h."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAIN = ROOT / "build" / "tests" / "crypto_cli"
SANITIZED = ROOT / "build" / "tests" / "crypto_cli_sanitized"

SLH_DSA = ["SLH-DSA-SHA2-128s", "SLH-DSA-SHA2-192s", "SLH-DSA-SHA2-256s",
           "SLH-DSA-SHAKE-128s", "SLH-DSA-SHAKE-192s", "SLH-DSA-SHAKE-256s"]
SIGNATURES = ["ML-DSA-65", "ML-DSA-87"] + SLH_DSA


class Malformed(Exception):
    """The program says that the question makes no sense, for example an argument of a wrong size."""


class LineProgram:
    """A program that answers each line with one. To be used in `with`."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        status = self.process.wait(timeout=60)
        if kind is None:
            assert status == 0, f"{self.process.args[0]} ended with {status}"

    def ask(self, command, algorithm, *arguments):
        """The results, as bytes; None if the answer was no."""
        words = [argument.hex() or "-" for argument in arguments]
        self.process.stdin.write(" ".join([command, algorithm, *words]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        assert answer, f"{self.process.args[0]} ended at {command} {algorithm}: its error output is above"
        if answer[0] == "error":
            raise Malformed(" ".join(answer[1:]))
        if answer[0] == "no":
            return None
        assert answer[0] == "ok"
        return [b"" if word == "-" else bytes.fromhex(word) for word in answer[1:]]
