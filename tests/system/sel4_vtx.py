# SPDX-License-Identifier: BSD-2-Clause
"""What tests of seL4 with VT-x need: a Microkit SDK (MICROKIT_SDK) that has the board, and Bochs, as QEMU emulates no VT-x.
Who imports this without them is skipped whole."""

import os
import pathlib

import pytest

from bochs import BOCHS
from machine import ROOT

BOARD = "x86_64_generic_vtx"

if not os.environ.get("MICROKIT_SDK"):
    pytest.skip("no Microkit SDK: give one with MICROKIT_SDK=DIRECTORY", allow_module_level=True)
if not (pathlib.Path(os.environ["MICROKIT_SDK"]) / "board" / BOARD).is_dir():
    pytest.skip(f"the Microkit SDK has no board {BOARD}: build one that has it", allow_module_level=True)
if BOCHS is None:
    pytest.skip("no Bochs: install bochs and bochs-term", allow_module_level=True)

IMAGES = ROOT / os.environ.get("SKYSCOPE_SEL4_IMAGES_x86_64", f"build/sel4/{BOARD}-release/systems")
