#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Downloads one package of third_party/npm/package-lock.json and unpacks it.

    fetch_npm.py PACKAGE DIRECTORY

The tarball comes from the address in the lock file, or from the same path of the
registry in the environment variable npm_config_registry. A tarball whose SHA-512
is not the lock file's is refused. Nothing of the package is run. The tarball is
kept as DIRECTORY.tgz and not downloaded twice.
"""

import base64
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import sys
import tarfile
import time
import urllib.error
import urllib.request

LOCK = pathlib.Path(__file__).resolve().parent / "npm" / "package-lock.json"
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
ATTEMPTS = 4
TIMEOUT = 60  # seconds without an answer
MAXIMUM_SIZE = 256 << 20


class Failure(Exception):
    """What went wrong, in words."""


def locked(name):
    """The address and the SHA-512 of a package."""
    entry = json.loads(LOCK.read_text())["packages"].get(f"node_modules/{name}")
    if entry is None:
        raise Failure(f"not in {LOCK}")
    algorithm, _, digest = entry["integrity"].partition("-")
    if algorithm != "sha512":
        raise Failure(f"{LOCK} pins it by {algorithm}; sha512 is needed")
    address = entry["resolved"]
    registry = os.environ.get("npm_config_registry")
    if registry and address.startswith(PUBLIC_REGISTRY):
        address = registry.rstrip("/") + "/" + address[len(PUBLIC_REGISTRY):]
    return address, base64.b64decode(digest, validate=True)


def download(address):
    """The bytes at an address. Tries again when the network fails."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
                data = answer.read(MAXIMUM_SIZE + 1)
            if len(data) > MAXIMUM_SIZE:
                raise Failure(f"{address} is larger than {MAXIMUM_SIZE} bytes")
            return data
        except (OSError, ValueError, http.client.HTTPException) as error:
            missing = isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404)
            if missing or attempt == ATTEMPTS:
                raise Failure(f"cannot download {address}: {error}") from error
            time.sleep(2 ** attempt)
    raise AssertionError


def tarball(name, kept):
    """The package's tarball, from the file kept or from the network, checked."""
    address, digest = locked(name)
    if kept.is_file():
        data = kept.read_bytes()
        if hashlib.sha512(data).digest() == digest:
            return data
    data = download(address)
    found = hashlib.sha512(data).digest()
    if found != digest:
        raise Failure(f"{address} does not have the pinned hash; nothing of it was used\n"
                      f"    pinned: sha512-{base64.b64encode(digest).decode()}\n"
                      f"    found:  sha512-{base64.b64encode(found).decode()}")
    part = kept.with_name(f"{kept.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(kept)
    return data


def unpack(data, target):
    """Regular files only, all below target; the tarball's first folder is left out."""
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            parts = pathlib.PurePosixPath(member.name).parts[1:]
            if not member.isfile() or not parts:
                continue
            if ".." in parts or pathlib.PurePosixPath(member.name).is_absolute():
                raise Failure(f"the tarball has a file outside its folder: {member.name}")
            path = new.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
    shutil.rmtree(target, ignore_errors=True)
    new.replace(target)


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PACKAGE DIRECTORY")
    name, target = sys.argv[1], pathlib.Path(sys.argv[2])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unpack(tarball(name, target.with_name(target.name + ".tgz")), target)
    except (Failure, OSError, tarfile.TarError) as error:
        sys.exit(f"third_party: {name}: {error}")


main()
