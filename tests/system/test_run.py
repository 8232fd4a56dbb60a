# SPDX-License-Identifier: BSD-2-Clause
"""What `make run` does with the terminal: hands over the console, tells the way out, and puts things back."""

import os
import re

import pexpect

from console import BOOT_TIME, USER_SPACE
from machine import BUILD, LOGS, ROOT, TIME_FACTOR, reap

ISO = BUILD / "systems/linux/linux.iso"


def test_console_and_way_out():
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / "run.log", "w", encoding="utf-8", errors="replace") as log:
        shell = pexpect.spawn("/bin/sh", env={**os.environ, "PS1": "$ ", "TERM": "vt100"}, encoding="utf-8",
                              codec_errors="replace", cwd=str(ROOT), timeout=30 * TIME_FACTOR)
        shell.logfile_read = log
        try:
            shell.sendline("stty -g")
            before = shell_settings(shell)
            shell.sendline(f"mk/run.sh {ISO.relative_to(ROOT)}; echo 'sta''tus' $?")
            shell.expect("To leave: +Ctrl-A x")
            shell.expect("Skyscope", timeout=BOOT_TIME * TIME_FACTOR)
            shell.expect_exact(USER_SPACE, timeout=BOOT_TIME * TIME_FACTOR)
            shell.expect_exact("linux:~# ")
            shell.send("sh -c \"echo go''ing; exec sleep 1000\"\r")
            shell.expect(r"going\r+\n")
            shell.send("\x03")  # goes to the guest, not to QEMU
            shell.expect_exact("linux:~# ")
            shell.send("\x01x")
            shell.expect(r"status (\d+)")
            assert shell.match[1] == "0"
            shell.sendline("stty -g")
            assert shell_settings(shell) == before
        finally:
            reap(shell)


def shell_settings(shell):
    shell.expect(r"\n([0-9a-f]+(?::[0-9a-f]+)+)\r?\n")
    return re.sub(r"\s", "", shell.match[1])
