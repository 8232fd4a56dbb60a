# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a machine's screen shows: VGA's text memory, or the pixels of a frame buffer, in the loader's letters."""

import re

from machine import ROOT

TEXT_MEMORY, COLUMNS, ROWS = 0xB8000, 80, 25
CELL_WIDTH, CELL_HEIGHT = 8, 16
FIRST = 32  # of the font's characters


def letters():
    """{the rows of a letter, doubled, as they are in a cell: the letter}"""
    source = next((ROOT / "loader").rglob("font.c")).read_text()
    glyphs = re.findall(r"^    \{((?:0x[0-9a-f]{2}(?:, )?){7})\}", source, re.MULTILINE)
    assert len(glyphs) == 95
    found = {}
    for index, glyph in enumerate(glyphs):
        rows = [int(row, 16) << 3 for row in glyph.split(", ")]
        found[tuple(rows[y // 2] if y < 14 else 0 for y in range(CELL_HEIGHT))] = chr(FIRST + index)
    return found


def text_memory(machine):
    """The 25 lines of VGA's text memory."""
    path = machine.log_path.with_suffix(".vga")
    machine.qmp("pmemsave", val=TEXT_MEMORY, size=2 * COLUMNS * ROWS, filename=str(path))
    characters = path.read_bytes()[::2].decode("ascii", "replace")
    return [characters[row * COLUMNS:(row + 1) * COLUMNS] for row in range(ROWS)]


def picture(machine):
    """Width, height and the pixels, three bytes each, of what a monitor would show."""
    path = machine.log_path.with_suffix(".ppm")
    machine.qmp("screendump", filename=str(path))
    magic, width, height, depth, pixels = re.fullmatch(rb"(P6)\n(\d+) (\d+)\n(\d+)\n(.*)", path.read_bytes(),
                                                       re.DOTALL).groups()
    assert (magic, depth) == (b"P6", b"255")
    return int(width), int(height), pixels


def drawn_text(machine):
    """The lines that are drawn on a frame buffer; what is no letter of the loader's comes out as U+FFFD."""
    width, height, pixels = picture(machine)
    known = letters()
    white = [pixels[at:at + 3] == b"\xff\xff\xff" for at in range(0, 3 * width * height, 3)]
    lines = []
    for top in range(0, height - CELL_HEIGHT + 1, CELL_HEIGHT):
        line = ""
        for left in range(0, width - CELL_WIDTH + 1, CELL_WIDTH):
            cell = tuple(sum(white[(top + y) * width + left + x] << (7 - x) for x in range(CELL_WIDTH))
                         for y in range(CELL_HEIGHT))
            line += known.get(cell, "\ufffd")
        lines.append(line)
    return lines


def wait_for(machine, read, text, seconds=60):
    """All that a screen shows, as soon as `text` is in it: one text, in which a wrapped line is whole again.

    Of what a guest paints QEMU tells nobody: one can only look again.
    """
    shown = []

    def is_there():
        shown[:] = read(machine)
        return text in "".join(shown)

    machine.until(is_there, text + " on the screen", seconds, lambda: "\n".join(shown))
    return "".join(shown)
