#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Copies kernel modules and all that they depend on, and says in which order to load them.

    guests/linux/order_modules.py MODULES DIRECTORY NAME...

MODULES is a directory like /lib/modules. The modules are then in DIRECTORY as NAME.ko, and their names, in that order,
in DIRECTORY/order. A NAME that the kernel has built in or does not have is left out; "-" and "_" are the same.
"""

import pathlib
import re
import shutil
import sys


def canonical(name: str) -> str:
    return name.replace("-", "_")


def information(path: pathlib.Path, key: str) -> list[str]:
    """The values of a key in a module's .modinfo section: NUL-terminated texts KEY=VALUE."""
    pattern = rb"\0" + key.encode() + rb"=([^\0]*)\0"
    return [value.decode() for value in re.findall(pattern, path.read_bytes())]


def depends(path: pathlib.Path) -> list[str]:
    names = [name for value in information(path, "depends") for name in value.split(",")]
    for value in information(path, "softdep"):
        before = re.search(r"pre:\s*(.*?)(?:\s*post:|$)", value)
        names += before.group(1).split() if before else []
    return [canonical(name) for name in names if name]


def main() -> int:
    if len(sys.argv) < 4:
        sys.stderr.write("usage: guests/linux/order_modules.py MODULES DIRECTORY NAME...\n")
        return 2
    modules = {canonical(path.stem): path for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.ko"))}
    directory = pathlib.Path(sys.argv[2])
    order: list[str] = []
    visited: set[str] = set()

    def visit(name: str) -> None:
        if name in visited or name not in modules:
            return
        visited.add(name)
        for other in depends(modules[name]):
            visit(other)
        order.append(name)

    for name in sys.argv[3:]:
        visit(canonical(name))
    directory.mkdir(parents=True, exist_ok=True)
    for name in order:
        shutil.copyfile(modules[name], directory / f"{name}.ko")
    (directory / "order").write_text("".join(f"{name}\n" for name in order))
    return 0


if __name__ == "__main__":
    sys.exit(main())
