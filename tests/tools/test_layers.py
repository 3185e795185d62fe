#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims about tools/layers: each wrong line, planted in a copy of the tree, is found where it stands."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def layers(tree):
    done = subprocess.run([os.path.join(TOP, "tools/layers"), "--tree", tree], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Layers(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.tree = temporary.name
        for folder in ("app", "hal", "firmware"):
            shutil.copytree(os.path.join(TOP, folder), os.path.join(self.tree, folder))

    def plant(self, path, *lines):
        full = os.path.join(self.tree, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write("/* planted */\n" + "".join(line + "\n" for line in lines))

    def assert_found(self, path, line, part):
        status, out = layers(self.tree)
        self.assertEqual(status, 1, out)
        found = [row for row in out.splitlines() if row.startswith(f"{path}:{line}: ")]
        self.assertEqual(len(found), 1, out)
        self.assertIn(part, found[0])

    def assert_line_found(self, path, line, part):
        self.plant(path, line)
        self.assert_found(path, 2, part)

    def assert_line_allowed(self, path, line):
        self.plant(path, line)
        _, out = layers(self.tree)
        self.assertNotIn(path + ":", out)

    def test_every_wrong_arrow_between_rooms_is_found(self):
        wrong = [
            ("app/core", "app/base/alloc.h"), ("app/core", "app/programme/document.h"),
            ("app/base", "app/store/store.h"), ("app/crypto", "app/store/store.h"),
            ("app/programme", "app/store/store.h"), ("app/proto", "app/crypto/crypto.h"),
            ("app/store", "app/sync/engine.h"), ("app/store", "app/till/till.h"),
            ("app/sync", "app/store/store.h"), ("app/sync", "app/till/till.h"),
            ("app/till", "app/store/store.h"), ("app/till", "app/sync/engine.h"),
            ("app/cashier", "app/till/till.h"), ("app/cashier", "app/store/store.h"),
            ("app/hq", "hal/usb/usb.h"), ("hal/reader", "app/store/store.h"), ("hal/usb", "app/till/till.h"),
            ("hal/reader", "firmware/core/reader.h"), ("firmware/core", "app/core/status.h"),
            ("firmware/core", "firmware/usb/hid.h"), ("firmware/usb", "firmware/port/head.h"),
            ("firmware/port/host", "hal/usb/usb.h"), ("firmware/port/host", "app/base/alloc.h"),
        ]
        for number, (room, header) in enumerate(wrong):
            self.plant(f"{room}/planted{number}.c", f'#include "{header}"')
            if not os.path.exists(os.path.join(self.tree, header)):
                self.plant(header)
        _, out = layers(self.tree)
        for number, (room, header) in enumerate(wrong):
            with self.subTest(room=room, header=header):
                self.assertRegex(out, rf"(?m)^{room}/planted{number}\.c:2: .* may not include {header}")

    def test_every_library_outside_its_room_is_found(self):
        wrong = [
            ("app/core", "uv.h", "libuv"), ("app/core", "jansson.h", "jansson"), ("app/base", "uv.h", "libuv"),
            ("app/till", "lmdb.h", "LMDB"), ("app/terminal", "lmdb.h", "LMDB"), ("app/sync", "lmdb.h", "LMDB"),
            ("hal/reader", "libusb-1.0/libusb.h", "libusb"), ("app/terminal", "libusb.h", "libusb"),
            ("app/store", "mbedtls/aes.h", "mbedTLS"), ("app/hq", "mbedtls/ssl.h", "mbedTLS"),
            ("app/terminal", "psa/crypto.h", "mbedTLS"), ("app/hq", "nghttp2/nghttp2.h", "nghttp2"),
            ("app/store", "pb_encode.h", "nanopb"), ("app/till", "ncurses.h", "ncurses"),
            ("firmware/port/host", "libusb.h", "libusb"), ("app/store", "cmocka.h", "cmocka"),
        ]
        for number, (room, header, _) in enumerate(wrong):
            self.plant(f"{room}/planted{number}.c", f"#include <{header}>")
        _, out = layers(self.tree)
        for number, (room, header, library) in enumerate(wrong):
            with self.subTest(room=room, header=header):
                self.assertRegex(out, rf"(?m)^{room}/planted{number}\.c:2: .* may not include {library}")

    def test_a_room_may_include_its_own_library_and_what_is_below(self):
        allowed = [
            ("app/store", "#include <lmdb.h>"), ("app/hq", "#include <lmdb.h>"),
            ("app/crypto", "#include <mbedtls/gcm.h>"), ("app/sync", "#include <mbedtls/ssl.h>"),
            ("hal/usb", "#include <libusb-1.0/libusb.h>"), ("app/store", '#include "app/crypto/crypto.h"'),
            ("app/terminal", '#include "hal/usb/usb.h"'), ("firmware/usb", '#include "firmware/core/reader.h"'),
            ("hal/reader", '#include "firmware/reports.h"'), ("app/proto", '#include "tally.pb.h"'),
        ]
        for room, line in allowed:
            with self.subTest(room=room, line=line):
                self.assert_line_allowed(f"{room}/planted.c", line)

    def test_app_core_may_not_include_posix(self):
        self.assert_line_found("app/core/planted.c", "#include <unistd.h>", "may not include <unistd.h>")

    def test_the_firmware_core_may_not_include_a_hosted_header(self):
        self.assert_line_found("firmware/core/planted.c", "#include <stdio.h>", "may not include <stdio.h>")

    def test_inih_is_for_the_configuration_file_only(self):
        self.assert_line_found("app/base/planted.c", "#include <ini.h>", "only app/base/config.c")

    def test_a_header_nobody_named_is_found(self):
        self.assert_line_found("app/store/planted.c", "#include <zlib.h>", "is in no table")

    def test_a_header_named_from_its_own_folder_is_found(self):
        self.assert_line_found("app/store/planted.c", '#include "store.h"', "there is no")

    def test_an_include_of_a_macro_is_found(self):
        self.assert_line_found("app/store/planted.c", "#include STORE_HEADER", "macro")

    def test_an_include_is_found_behind_spaces_and_comments(self):
        self.assert_line_found("app/core/planted.c", "  #  include /* why */ <uv.h>", "libuv")

    def test_an_include_in_a_comment_is_no_include(self):
        self.assert_line_allowed("app/core/planted.c", "/* once\n#include <uv.h>\n*/\n// #include <lmdb.h>")

    def test_the_c_heap_is_called_in_one_file(self):
        for number, call in enumerate(("malloc(1)", "calloc (1, 1)", "realloc(p, 2)", "free(p)", "strdup(s)",
                                       "strndup(s, 1)", "asprintf(&p, s)")):
            with self.subTest(call=call):
                path = f"{('app/till', 'hal/usb', 'app/base')[number % 3]}/planted.c"
                self.assert_line_found(path, f"x = {call};", "calls the C heap")

    def test_our_own_heap_and_words_in_text_are_not_the_c_heap(self):
        self.assert_line_allowed("app/till/planted.c",
                                 'tally_free(p); ops->free(p); ops.free(p); f("free(p)"); /* free(p) */')

    def test_floating_point_in_app_core_is_found(self):
        self.assert_line_found("app/core/planted.c", "static double rate;", "no floating point")
        self.assert_line_found("app/core/planted.h", "x = y * 1.5;", "no floating point")

    def test_floating_point_in_words_and_other_rooms_is_no_finding(self):
        self.assert_line_allowed("app/core/planted.c", 'f("1.5 double"); // a double swipe, 1.5 times')
        self.assert_line_allowed("app/cashier/planted.c", "static double rate;")

    def test_a_clock_in_app_core_is_found(self):
        self.assert_line_found("app/core/planted.c", "now = time(NULL);", "no clock")

    def test_lmdb_is_never_made_unsafe(self):
        for flag in ("MDB_NOSYNC", "MDB_NOMETASYNC", "MDB_WRITEMAP", "MDB_MAPASYNC"):
            with self.subTest(flag=flag):
                self.assert_line_found("app/store/planted.c", f"flags |= {flag};", "LMDB stays durable")

    def test_a_room_without_a_readme_is_found(self):
        self.plant("hal/planted/planted.c")
        self.assert_found("hal/planted/README.md", 1, "no README.md")

    def test_a_room_without_a_rule_is_found(self):
        self.plant("app/planted/planted.c")
        self.assert_found("app/planted/planted.c", 1, "no rule names the room app/planted")

    def test_an_empty_tree_is_not_called_clean(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(layers(empty)[0], 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
