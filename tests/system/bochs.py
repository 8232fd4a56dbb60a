# SPDX-License-Identifier: BSD-2-Clause
"""A PC in Bochs, which emulates VT-x: a Skyscope whose first serial port a test reads and writes.

Debian's Bochs starts in its debugger, and shows its screen in a terminal: it has one of its own, which nobody looks at.
"""

import os
import pathlib
import shutil
import signal
import tempfile
import tty

import pexpect
import pexpect.fdpexpect

from console import Skyscope
from machine import LOGS, Transcript, reap

BOCHS = shutil.which("bochs")
# VT-x with EPT and unrestricted guests; XSAVE, FSGSBASE and 1 GiB pages, which seL4 wants.
CPU_MODEL = "corei7_haswell_4770"

# ips: instructions in a second of the machine's own. With fewer, characters come faster than programs can take them.
CONFIGURATION = """\
megs: {memory}
cpu: model={cpu}, count=1, ips=500000000, reset_on_triple_fault=1, ignore_bad_msrs=1
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: term
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={serial}
clock: sync=none, time0=946684800
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
"""


class Bochs(Skyscope):
    """One Bochs that boots an ISO image. As Machine, but for QMP; memory in MiB."""

    def __init__(self, name, *, iso, memory=1024, cpu=CPU_MODEL, timeout=300):  # pylint: disable=super-init-not-called
        self.name = name
        self.timeout = timeout
        self.exit_status = None
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / f"{name}.log"
        self._log = Transcript(self.log_path)
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="skyscope-"))
        ours, serial = os.openpty()
        tty.setraw(serial)
        (self._directory / "bochsrc").write_text(CONFIGURATION.format(
            memory=memory, cpu=cpu, iso=pathlib.Path(iso).resolve(), serial=os.ttyname(serial), log=LOGS / f"{name}.bochs"),
            encoding="ascii")
        (self._directory / "debugger").write_text("continue\n", encoding="ascii")
        self.emulator = pexpect.spawn(BOCHS, ["-q", "-f", "bochsrc", "-rc", "debugger"], cwd=str(self._directory),
                                      env={**os.environ, "TERM": "xterm"}, dimensions=(50, 132), encoding="latin-1")
        self._serial = serial  # kept: a terminal that nobody has open is at its end
        self.child = pexpect.fdpexpect.fdspawn(ours, encoding="utf-8", codec_errors="replace", maxread=65536)
        self.child.delaybeforesend = None
        self.child.logfile_read = self._log

    def close(self):
        self.emulator.kill(signal.SIGKILL)  # it does not listen to others
        self._reap()
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _reap(self):
        reap(self.emulator)
        if not self.child.closed:
            self.child.close()
            os.close(self._serial)
