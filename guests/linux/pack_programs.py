#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packs programs of Debian packages, with the libraries that they need, as an archive that the kernel unpacks after
another one.

    guests/linux/pack_programs.py OUTPUT TREE PROGRAM...

TREE is where packages were unpacked, each in TREE/NAME/files; a PROGRAM is a path in one of them, such as
usr/bin/iperf3. It gets to /bin, libraries to /lib, and the loader to where the programs look for it.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def dynamic(path):
    """The program's loader and the libraries that it names."""
    text = subprocess.run(["readelf", "-ldW", path], check=True, capture_output=True, text=True).stdout
    loader = re.search(r"\[Requesting program interpreter: (.*?)\]", text)
    return loader and loader.group(1), re.findall(r"\(NEEDED\).*\[(.*?)\]", text)


def find(tree, pattern):
    for path in sorted(tree.glob(f"*/files/{pattern}")):
        if path.is_file():
            return path
    sys.exit(f"pack_programs.py: {pattern} is in none of the packages in {tree}; add the one that has it")


def install(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def pack(root, tree, programs):
    todo = []
    for program in programs:
        source = find(tree, program)
        install(source, root / "bin" / source.name)
        todo.append(source)
    while todo:
        loader, libraries = dynamic(todo.pop())
        if loader and not (root / loader.lstrip("/")).exists():
            install(find(tree, "**/" + pathlib.Path(loader).name), root / loader.lstrip("/"))
        for library in libraries:
            target = root / "lib" / library
            if not target.exists():
                source = find(tree, "**/" + library)
                install(source, target)
                todo.append(source)


def archive(root, output):
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    for name in names:
        subprocess.run(["touch", "-h", "-d", "@0", root / name], check=True)
    subprocess.run(["cpio", "--quiet", "--create", "--format=newc", "--reproducible", "--owner=+0:+0"], cwd=root,
                   input="\n".join(names).encode(), stdout=output, check=True)


def main():
    output, tree, *programs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        pack(root, pathlib.Path(tree), programs)
        with open(output + ".new", "wb") as file:
            archive(root, file)
    pathlib.Path(output + ".new").rename(output)


if __name__ == "__main__":
    main()
