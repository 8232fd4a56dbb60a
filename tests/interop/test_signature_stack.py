# SPDX-License-Identifier: BSD-2-Clause
"""The signature functions keep to the stack that their header promises and wipe it."""

import subprocess

from crypto_cli import ROOT, SIGNATURES


def test_stack():
    result = subprocess.run([ROOT / "build" / "tests" / "signature_stack"], capture_output=True, text=True,
                            check=False, timeout=300)
    print(result.stdout, result.stderr)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == SIGNATURES
