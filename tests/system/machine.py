# SPDX-License-Identifier: BSD-2-Clause
"""A machine in QEMU (always TCG) whose first serial port a test reads and writes.

    with Machine("my-test", payload="build/systems/linux/payload.bin") as machine:
        machine.expect("Skyscope")
        machine.hot_key("m")
        machine.send("list")

Everything that the serial port prints is kept in build/test-logs/NAME.log. No
call sleeps for a fixed time: each waits for an event, most for text, and
fails with the last lines of the log when its time is over.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import termios
import time

import pexpect

from platform_under_test import ARCH, BUILD, HOST_BUILD, PLATFORM, ROOT, TOOL  # noqa: F401 (for the tests)

LOGS = pathlib.Path(os.environ.get("SKYSCOPE_TEST_LOGS", BUILD / "test-logs"))

# Times are generous, because an emulator on a busy machine is slow; a slower
# machine still can stretch them all.
TIME_FACTOR = float(os.environ.get("SKYSCOPE_TEST_TIME_FACTOR", "1"))

QEMU = os.environ.get("QEMU", PLATFORM.qemu)
CPU_MODEL = PLATFORM.cpu
HOT_KEY = "\x1d"  # Ctrl-]

OVMF_CODE = PLATFORM.uefi_code
OVMF_VARS = PLATFORM.uefi_variables

# Terminal control sequences, which shells and firmware print.
ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>78cDEHM])")


class MachineError(AssertionError):
    """The machine did not do what the test waited for."""


class Machine:
    """One QEMU. Use as a context manager: leaving it ends QEMU.

    name       name of the log file (letters, digits, - and _)
    payload    file for the loader; boots by `-kernel LOADER -initrd PAYLOAD`
    loader     the loader's file
    kernel     any other file for -kernel (payload is then not used)
    initrd     file for -initrd, with kernel
    append     command line for -kernel
    iso        ISO image, booted as a CD-ROM
    disk       raw disk image, booted as a hard disk (an ISO too: isohybrid)
    firmware   "bios" or "uefi": of x86-64's machine, and of AArch64's with an image
    cpus       number of processors
    memory     as QEMU's -m
    cpu        CPU model
    gic        version of an AArch64 machine's interrupt controller: 2 or 3
    extra      more arguments for QEMU
    reboot     let the machine reset instead of ending QEMU
    timeout    seconds that expect() waits if it is not told otherwise
    """

    def __init__(self, name, *, payload=None, loader=PLATFORM.loader, kernel=None, initrd=None, append=None,
                 iso=None, disk=None, firmware=None, cpus=2, memory="2G", cpu=CPU_MODEL, gic=3, extra=(), reboot=False,
                 timeout=120):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"bad machine name {name!r}")
        self.name = name
        self.timeout = timeout
        self.exit_status = None
        self._qmp = None
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / f"{name}.log"
        self._log = Transcript(self.log_path)
        # Short path: the address of a UNIX socket has at most 107 characters.
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="skyscope-"))
        arguments = [
            "-accel", "tcg", "-machine", PLATFORM.machine.format(gic=gic), "-cpu", cpu, "-smp", str(cpus),
            "-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none",
            "-chardev", "stdio,id=com1,signal=off", "-serial", "chardev:com1",
            "-qmp", f"unix:{self._directory}/qmp",
        ]
        if not reboot:
            arguments += ["-no-reboot"]
        if firmware is None:
            # A payload needs none: QEMU starts the loader itself.
            firmware = PLATFORM.firmware if iso is not None or disk is not None else "bios"
        if firmware == "uefi":
            variables = self._directory / "OVMF_VARS.fd"
            shutil.copy(OVMF_VARS, variables)
            arguments += ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                          "-drive", f"if=pflash,format=raw,file={variables}"]
        elif firmware != "bios":
            raise ValueError(f"unknown firmware {firmware!r}")
        if iso is not None:
            arguments += PLATFORM.cdrom(iso)
        elif disk is not None:
            arguments += PLATFORM.disk(disk)
        elif kernel is not None:
            arguments += ["-kernel", str(kernel)]
            if initrd is not None:
                arguments += ["-initrd", str(initrd)]
        elif payload is not None:
            arguments += ["-kernel", str(loader), "-initrd", str(payload)]
        else:
            raise ValueError("nothing to boot: give payload, kernel, iso or disk")
        if append is not None:
            arguments += ["-append", append]
        arguments += [str(argument) for argument in extra]
        self._log.note("+ " + " ".join([QEMU] + arguments) + "\n")
        self._qmp_socket = socket.socket(socket.AF_UNIX)  # QEMU connects to it when it starts
        self._qmp_socket.bind(f"{self._directory}/qmp")
        self._qmp_socket.listen()
        try:
            self.child = pexpect.spawn(QEMU, arguments, encoding="utf-8", codec_errors="replace", cwd=str(ROOT),
                                       dimensions=(50, 200), echo=False, maxread=65536,
                                       preexec_fn=keep_line_ends)
        except Exception:
            self._qmp_socket.close()
            self._log.close()
            shutil.rmtree(self._directory, ignore_errors=True)
            raise
        self.child.delaybeforesend = None
        self.child.logfile_read = self._log

    # --- Reading ---

    def expect(self, pattern, timeout=None):
        """Waits for a regular expression, or the first of a list of them.

        Returns the match object (for a list: a pair of index and match object).
        Fails if QEMU ends first.
        """
        patterns = list(pattern) if isinstance(pattern, (list, tuple)) else [pattern]
        seconds = (self.timeout if timeout is None else timeout) * TIME_FACTOR
        try:
            index = self.child.expect(patterns + [pexpect.TIMEOUT, pexpect.EOF], timeout=seconds)
        except KeyboardInterrupt:  # a person's, or the runner's, whose time is over
            raise KeyboardInterrupt(self._last_words(f"interrupted while waiting for {patterns}")) from None
        if index == len(patterns):
            self._fail(f"no match for {patterns} within {seconds:.0f} s")
        if index > len(patterns):
            self._reap()
            self._fail(f"QEMU ended (status {self.exit_status}) while waiting for {patterns}")
        if isinstance(pattern, (list, tuple)):
            return index, self.child.match
        return self.child.match

    def expect_text(self, text, timeout=None):
        """Waits for literal text."""
        return self.expect(re.escape(text), timeout)

    def expect_lines(self, lines, timeout=None):
        """Waits for literal texts, one after the other."""
        for line in lines:
            self.expect_text(line, timeout)

    def expect_exit(self, timeout=None):
        """Waits for QEMU to end by itself (power-off; reset without `reboot`). Returns its exit status."""
        seconds = (self.timeout if timeout is None else timeout) * TIME_FACTOR
        if self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=seconds) == 1:
            self._fail(f"QEMU still runs after {seconds:.0f} s")
        self._reap()
        return self.exit_status

    @property
    def before(self):
        """What was printed before the last match, without terminal control sequences."""
        return plain_text(self.child.before if isinstance(self.child.before, str) else "")

    def output(self):
        """All that was printed so far, without terminal control sequences."""
        return plain_text(self._log.text())

    # --- Writing ---

    def send(self, line):
        """Types a line."""
        self.child.send(line + "\r")

    def send_raw(self, text):
        """Types characters as they are."""
        self.child.send(text)

    def hot_key(self, key):
        """Types the console's hot key and the key after it."""
        self.child.send(HOT_KEY + key)

    def shell(self, command, timeout=None):
        """Runs a command in the Linux guest's shell in front. Returns (exit status, output).

        The marks are split in what is typed, so that the shell's echo is not taken for them.
        """
        self.send(f"echo 'sky''begin'; {command}; echo \"sky\"\"end:$?:\"")
        self.expect(r"skybegin\r*\n", timeout)
        match = self.expect(r"skyend:(\d+):", timeout)
        return int(match.group(1)), self.before.replace("\r", "")

    def check_shell(self, command, timeout=None):
        """As shell(), but fails unless the command's exit status is 0. Returns the output."""
        status, output = self.shell(command, timeout)
        if status != 0:
            self._fail(f"{command!r} in the guest: status {status}, output {output!r}")
        return output

    def until(self, condition, what, timeout=60, instead=None):
        """Asks condition() again and again until it is true; it talks to the machine, which is what takes time.

        what     names what is waited for
        instead  says what was there instead, when the time is over
        """
        deadline = time.monotonic() + timeout * TIME_FACTOR
        while not condition():
            if time.monotonic() > deadline:
                self._fail(f"no {what} within {timeout * TIME_FACTOR:.0f} s" + (f": {instead()}" if instead is not None else ""))

    # --- Control ---

    def qmp(self, command, **arguments):
        """Runs a QMP command and returns what it returns."""
        if self._qmp is None:
            self._qmp = self._qmp_connect()
            self._qmp_call("qmp_capabilities", {})
        return self._qmp_call(command, arguments)

    def _qmp_connect(self):
        self._qmp_socket.settimeout(20 * TIME_FACTOR)
        connection, _ = self._qmp_socket.accept()
        connection.settimeout(20 * TIME_FACTOR)
        stream = connection.makefile("rw", encoding="utf-8")
        connection.close()  # the stream keeps it open
        stream.readline()  # greeting
        return stream

    def _qmp_call(self, command, arguments):
        self._qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._qmp.flush()
        while True:
            line = self._qmp.readline()
            if not line:
                raise ConnectionError("QMP connection closed")
            answer = json.loads(line)
            if "error" in answer:
                raise MachineError(f"QMP {command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def kill(self):
        """Ends QEMU at once; it can tell nobody."""
        self.child.kill(signal.SIGKILL)
        self._reap()

    def close(self):
        """Ends QEMU, by QMP if it still listens, else by signal. May be called twice."""
        try:
            if self.child.isalive():
                try:
                    self.qmp("quit")
                    self.child.expect(pexpect.EOF, timeout=10)
                except (OSError, ValueError, pexpect.TIMEOUT, MachineError):
                    pass
            self._reap()
        finally:
            if self._qmp is not None:
                self._qmp.close()
                self._qmp = None
            self._qmp_socket.close()
            self._log.close()
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _reap(self):
        reap(self.child)
        if self.exit_status is None:
            self.exit_status = (self.child.exitstatus if self.child.signalstatus is None
                                else -self.child.signalstatus)

    def _last_words(self, why):
        tail = "\n".join("    | " + line for line in self.output().splitlines()[-30:])
        return f"{self.name}: {why}\n  log: {self.log_path}\n{tail}"

    def _fail(self, why):
        raise MachineError(self._last_words(why))


def reap(child):
    """Waits until a pexpect child is gone, which takes long on a machine under load; kills it if it is not about to end.

    child.close(force=True) gives it half a second, and fails then. What has closed its terminal is ending by itself:
    isalive() waits for it.
    """
    if child.isalive():
        child.kill(signal.SIGKILL)
        child.wait()
    child.close()


class Transcript:
    """What was read, kept here and in a file. pexpect writes to it as to a file."""

    def __init__(self, path):
        self._pieces = []
        self._file = open(path, "w", encoding="utf-8", errors="replace")

    def note(self, text):
        """Puts into the file what the machine did not say."""
        self._file.write(text)

    def write(self, text):
        self._pieces.append(text)
        self._file.write(text)

    def flush(self):
        if not self._file.closed:
            self._file.flush()

    def close(self):
        self._file.close()

    def text(self):
        return "".join(self._pieces)


def keep_line_ends():
    """Makes the terminal on standard output pass line ends as QEMU writes them."""
    attributes = termios.tcgetattr(1)
    attributes[1] &= ~termios.ONLCR
    termios.tcsetattr(1, termios.TCSANOW, attributes)


def plain_text(text):
    """The text without terminal control sequences and carriage returns before line ends."""
    return ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")
