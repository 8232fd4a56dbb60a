# SPDX-License-Identifier: BSD-2-Clause
"""A TPM 2.0 in software (swtpm) for a machine in QEMU, and a way to ask it directly.

    with SoftwareTpm(directory) as tpm:
        with Skyscope("name", payload=..., extra=tpm.qemu("tpm-crb")) as machine:
            ...
            machine.kill()
        tpm.pcr(TPM_SHA256, 11)

What a TPM keeps lies in the directory; another SoftwareTpm there is the same TPM
after a reset.
"""

import array
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile

from machine import TIME_FACTOR

SHA256, SHA384 = 0x0B, 0x0C
OWNER = 0x40000001

ST_NO_SESSIONS, ST_SESSIONS = 0x8001, 0x8002
NV_UNDEFINE, HIERARCHY_CHANGE_AUTH, NV_WRITE = 0x122, 0x129, 0x137
NV_READ, NV_READ_PUBLIC, PCR_READ = 0x14E, 0x169, 0x17E
STARTUP, SHUTDOWN = 0x144, 0x145
RC_NV_LOCKED = 0x148

CONTROL_INIT, CONTROL_SET_DATA = 2, 16  # swtpm's control channel


class TpmError(AssertionError):
    """The TPM answered with a code."""

    def __init__(self, code):
        super().__init__(f"TPM response code 0x{code:x}")
        self.code = code


class SoftwareTpm:
    """One swtpm. Use as a context manager: leaving it ends swtpm."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        # Short path: the address of a UNIX socket has at most 107 characters.
        self._sockets = pathlib.Path(tempfile.mkdtemp(prefix="skyscope-tpm-"))
        self._control_path = self._sockets / "control"
        self._control = self._data = None
        self._log = self.directory / "swtpm.log"
        # Who connects before swtpm is ready waits for it, and gets an error if it ends.
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self._control_path))
            listening.listen()
            self._process = subprocess.Popen(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.directory}",
                 "--ctrl", f"type=unixio,fd={listening.fileno()}", "--log", f"file={self._log},level=1"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=[listening.fileno()])

    def qemu(self, device):
        """QEMU's arguments for it; device: tpm-tis, tpm-crb, or AArch64's tpm-tis-device."""
        return ["-chardev", f"socket,id=tpm-control,path={self._control_path}",
                "-tpmdev", "emulator,id=tpm,chardev=tpm-control", "-device", f"{device},tpmdev=tpm"]

    def close(self):
        """Ends swtpm. May be called twice."""
        for one in (self._data, self._control):
            if one is not None:
                one.close()
        self._control = self._data = None
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(20 * TIME_FACTOR)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Asking it, after QEMU has ended (Machine.kill(), so that QEMU cannot shut it down) ---

    def command(self, code, body=b"", sessions=False):
        """Sends a command. Returns the answer's body; raises TpmError."""
        self._connect()
        tag = ST_SESSIONS if sessions else ST_NO_SESSIONS
        self._data.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
        header = self._receive(10)
        _, size, result = struct.unpack(">HII", header)
        answer = self._receive(size - 10)
        if result != 0:
            raise TpmError(result)
        if sessions:
            (length,) = struct.unpack_from(">I", answer)
            answer = answer[4:4 + length]
        return answer

    def pcr(self, algorithm, index):
        """A PCR's value."""
        selection = (1 << index).to_bytes(3, "little")
        answer = self.command(PCR_READ, struct.pack(">IHB", 1, algorithm, 3) + selection)
        (size,) = struct.unpack_from(">H", answer, 4 + 4 + 6 + 4)
        return answer[-size:]

    def nv_read(self, handle, size):
        answer = self.command(NV_READ, struct.pack(">II", handle, handle) + PASSWORD + struct.pack(">HH", size, 0), True)
        return answer[2:]

    def nv_write(self, handle, data):
        self.command(NV_WRITE, struct.pack(">II", handle, handle) + PASSWORD + struct.pack(">H", len(data)) + data +
                     struct.pack(">H", 0), True)

    def nv_attributes(self, handle):
        return struct.unpack_from(">I", self.command(NV_READ_PUBLIC, struct.pack(">I", handle)), 2 + 4 + 2)[0]

    def set_owner_password(self, password):
        self.command(HIERARCHY_CHANGE_AUTH, struct.pack(">I", OWNER) + PASSWORD + struct.pack(">H", len(password)) +
                     password, True)

    def power_on(self):
        """Resets and starts it, as a machine does."""
        self._connect(initialise=True)
        self.command(STARTUP, struct.pack(">H", 0))

    def _connect(self, initialise=False):
        if self._data is not None:
            return
        self._control = socket.socket(socket.AF_UNIX)
        self._control.settimeout(20 * TIME_FACTOR)
        self._control.connect(str(self._control_path))
        ours, theirs = socket.socketpair()
        with theirs:
            self._control.sendmsg([struct.pack(">I", CONTROL_SET_DATA)],
                                  [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
            self._expect_done()
        if initialise:
            self._control.sendall(struct.pack(">II", CONTROL_INIT, 0))
            self._expect_done()
        self._data = ours
        self._data.settimeout(20 * TIME_FACTOR)

    def _expect_done(self):
        result = self._control.recv(4)
        assert result == bytes(4), f"swtpm's control channel answers {result.hex()}; log: {self._log}"

    def _receive(self, size):
        received = b""
        while len(received) < size:
            part = self._data.recv(size - len(received))
            assert part, f"swtpm has closed the connection; log: {self._log}"
            received += part
        return received


# An authorization area with an empty password.
PASSWORD = struct.pack(">IIHBH", 9, 0x40000009, 0, 1, 0)
