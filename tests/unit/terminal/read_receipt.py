# SPDX-License-Identifier: Apache-2.0
"""A receipt's bytes, read by a printer that knows nothing of ours: a small ESC/POS interpreter, with the
character tables of Python. Usage: read_receipt.py PROGRAM (sample_receipt)."""

import subprocess
import sys
import unicodedata
import unittest

PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else "sample_receipt"


class Printer:
    """Feeds bytes to a roll of paper; anything that it does not know is an error."""

    def __init__(self, data):
        self.data, self.at = data, 0
        self.paper, self.line = [], b""
        self.charset, self.align, self.bold, self.size = "ascii", 0, 0, 0
        self.link, self.codes, self.cuts = None, [], 0
        while self.at < len(self.data):
            self.step()

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        if len(piece) != count:
            raise ValueError(f"the document ends within a command at {self.at}")
        self.at += count
        return piece

    def step(self):
        byte = self.take(1)
        if byte == b"\x1b":
            self.esc(self.take(1))
        elif byte == b"\x1c":
            if self.take(1) != b"&":
                raise ValueError("an unknown FS command")
            self.charset = "gb18030"
        elif byte == b"\x1d":
            self.gs(self.take(1))
        elif byte == b"\n":
            text = self.line.decode(self.charset)
            self.paper.append((text, "lcr"[self.align], bool(self.bold)))
            self.line = b""
        elif byte < b" ":
            raise ValueError(f"control byte {byte.hex()} at {self.at}")
        else:
            self.line += byte

    def esc(self, letter):
        value = self.take(1)[0]
        if letter == b"t" and value == 0:
            self.charset = "cp437"
        elif letter == b"a":
            self.align = value
        elif letter == b"E":
            self.bold = value
        elif letter == b"d":
            self.paper += [("", "l", False)] * value
        else:
            raise ValueError(f"ESC {letter} {value}")

    def gs(self, letter):
        if letter == b"!":
            self.size = self.take(1)[0]
        elif letter == b"V":
            self.cuts += self.take(1)[0] in (0, 1)
        elif letter == b"(":
            if self.take(1) != b"k":
                raise ValueError("GS ( that is no k")
            body = self.take(int.from_bytes(self.take(2), "little"))
            self.qr(body[0], body[1], body[2:])
        else:
            raise ValueError(f"GS {letter}")

    def qr(self, cn, fn, rest):
        if cn != 49:
            raise ValueError("another symbol than QR")
        if fn == 80:
            self.link = rest[1:].decode("ascii")
        elif fn == 81:
            self.codes.append(self.link)


def width(text):
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def printed(*words):
    return Printer(subprocess.run([PROGRAM, *words], capture_output=True, check=True, timeout=20).stdout)


ENGLISH = ["Golden Leaf",
           "Points earned                135",
           "Points used                1,000",
           "Points now                11,988",
           "Tier                         VIP",
           "Café stamps                    7",
           "Last day 2026-12-31        3,210",
           "Next: A mug              60 more"]
CHINESE = ["Golden Leaf",
           "本次获得积分                 135",
           "本次使用积分               1,000",
           "可用积分                  11,988",
           "会员等级                贵宾会员",
           "咖啡印花                       7",
           "2026-12-31 到期            3,210",
           "下一奖励：马克杯      还差 60 分"]


class Receipt(unittest.TestCase):
    def test_english_on_any_printer(self):
        printer = printed("en", "ascii")
        self.assertEqual([text for text, _, _ in printer.paper[:8]],
                         [line.replace("é", "e") for line in ENGLISH])
        self.assertEqual((printer.codes, printer.cuts), ([], 1))

    def test_english_with_a_code_page(self):
        self.assertEqual([text for text, _, _ in printed("en", "cp437").paper[:8]], ENGLISH)

    def test_chinese_stands_in_straight_columns(self):
        lines = [text for text, _, _ in printed("zh", "gb18030").paper[:8]]
        self.assertEqual(lines, CHINESE)
        self.assertEqual({width(line) for line in lines[1:]}, {32})

    def test_the_title_is_bold_and_centred_and_nothing_else_is(self):
        paper = printed("en", "ascii").paper
        self.assertEqual(paper[0][1:], ("c", True))
        self.assertEqual({line[1:] for line in paper[1:8]}, {("l", False)})

    def test_the_link_is_a_code_below_the_text(self):
        printer = printed("zh", "gb18030", "https://club.example/m/7")
        self.assertEqual(printer.codes, ["https://club.example/m/7"])
        self.assertEqual(len([text for text, _, _ in printer.paper if text]), 8)


if __name__ == "__main__":
    unittest.main()
