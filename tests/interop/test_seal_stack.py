# SPDX-License-Identifier: BSD-2-Clause
"""Key encapsulation and the sealed channel keep to the stack that their headers promise, and wipe it."""

import subprocess

from crypto_cli import ROOT


def test_stack():
    result = subprocess.run([ROOT / "build" / "tests" / "seal_stack"], capture_output=True, text=True, check=False,
                            timeout=300)
    print(result.stdout, result.stderr)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(result.stdout.splitlines()) == 9
