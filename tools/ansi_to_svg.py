#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ansi_to_svg.py --cols N --rows N: a terminal's text with colours (ANSI, UTF-8) from standard input
as an SVG picture on standard output. Every character is placed on a fixed grid, so the picture is right
in any font; blocks and lines are drawn as shapes."""
import argparse
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, PAD = 10, 22, 14
FRONT, BACK = "#d8dee6", "#11161d"
# The first that has the character is taken: Linux, macOS, Windows; then the same for Chinese.
FONTS = ("'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', 'Noto Sans Mono CJK SC', "
         "'Noto Sans CJK SC', 'Source Han Sans SC', 'WenQuanYi Micro Hei', 'PingFang SC', "
         "'Hiragino Sans GB', 'Microsoft YaHei', SimSun, monospace")
BASIC = ["#20262e", "#d1433f", "#3fa55a", "#e3b341", "#2f6fc0", "#a371d0", "#5fb3c8", "#d8dee6",
         "#5a6472", "#ff6e67", "#5fd37f", "#ffd866", "#6ea8ff", "#c79bf0", "#8fe0f0", "#ffffff"]


def colour_of_256(number):
    """The usual palette: 16 named, a cube of 6 x 6 x 6, 24 greys."""
    if number < 16:
        return BASIC[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    steps = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{steps[number // power % 6]:02x}" for power in (36, 6, 1))


class Style:
    def __init__(self):
        self.front, self.back, self.bold, self.reverse = None, None, False, False

    def apply(self, codes):
        codes = [int(code or 0) for code in codes]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.__init__()
            elif code in (1, 22):
                self.bold = code == 1
            elif code in (7, 27):
                self.reverse = code == 7
            elif code in (38, 48) and len(codes) >= 2 and codes[0] == 5:
                colour = colour_of_256(codes[1])
                codes = codes[2:]
                if code == 38:
                    self.front = colour
                else:
                    self.back = colour
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.front = BASIC[code - 30 if code < 90 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.back = BASIC[code - 40 if code < 100 else code - 92]
            elif code == 39:
                self.front = None
            elif code == 49:
                self.back = None

    def cell(self, text):
        front, back = self.front or FRONT, self.back
        if self.reverse:
            front, back = back or BACK, front
        return text, front, back, self.bold


def read_cells(line, style, cols):
    """The cells of one line; a wide character is followed by None."""
    cells = []
    for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
        if part.startswith("\x1b["):
            style.apply(re.split("[;:]", part[2:-1]))
            continue
        for character in part:
            if unicodedata.combining(character) and cells and cells[-1]:
                cells[-1] = (cells[-1][0] + character,) + cells[-1][1:]
            elif character >= " ":
                cells.append(style.cell(character))
                if unicodedata.east_asian_width(character) in "WF":
                    cells.append(None)
    return cells[:cols]


def rectangle(x, y, width, height, fill):
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>'


def shape(text, x, y, front):
    """Blocks and rules as rectangles; None for what is text."""
    half = CELL_H // 2
    if text == "█":
        return rectangle(x, y, CELL_W, CELL_H, front)
    if text == "▀":
        return rectangle(x, y, CELL_W, half, front)
    if text == "▄":
        return rectangle(x, y + half, CELL_W, half, front)
    if text == "─":
        return rectangle(x, y + half, CELL_W, 1, front)
    return None


def draw_row(cells, row):
    y = PAD + row * CELL_H
    backs, texts = [], []
    col = 0
    while col < len(cells):
        if cells[col] is None:
            col += 1
            continue
        text, front, back, bold = cells[col]
        width = 2 if col + 1 < len(cells) and cells[col + 1] is None else 1
        x = PAD + col * CELL_W
        if back and backs and backs[-1][1:] == (x, back):  # one shape for a run, without seams
            backs[-1] = (backs[-1][0], x + width * CELL_W, back)
        elif back:
            backs.append((x, x + width * CELL_W, back))
        drawn = shape(text, x, y, front)
        if drawn:
            texts.append(drawn)
        elif text != " ":
            weight = ' font-weight="bold"' if bold else ""
            texts.append(f'<text x="{x + width * CELL_W / 2:g}" y="{y + CELL_H - 6}" '
                         f'fill="{front}"{weight}>{escape(text)}</text>')
        col += width
    return [rectangle(left, y, right - left, CELL_H, back) for left, right, back in backs] + texts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cols", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    options = parser.parse_args()
    width, height = options.cols * CELL_W + 2 * PAD, options.rows * CELL_H + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
          f'height="{height}" font-size="16" text-anchor="middle" font-family="{FONTS}" '
          f'shape-rendering="crispEdges">')
    print(f'<rect width="{width}" height="{height}" rx="10" fill="{BACK}" shape-rendering="auto"/>')
    style = Style()
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    for row, line in enumerate(text.split("\n")[:options.rows]):
        for element in draw_row(read_cells(line, style, options.cols), row):
            print(element)
    print("</svg>")


main()
