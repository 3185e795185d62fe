# SPDX-License-Identifier: Apache-2.0
"""tallyd and tallyhq as real processes on this machine, without a reader: what a till sees when things
are right, and when they are not. Programs come from TALLY_PROGRAMS (the build's bin folder)."""

import base64
import csv
import hmac
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/shop"))
import shop  # noqa: E402

MEMBERS = 20
CARDS = [f"6005850000000000{number}" for number in range(1, 7)]
NEW_CARD = "60058500000000777"
FULL = pathlib.Path(__file__).resolve().parent / "full.json"
LINES = [{"sku": "tea", "amount_minor": 10000}]


def config_problem(text):
    """What tallyd says about this configuration, and its exit status."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([shop.PROGRAMS / "tallyd", "--config", file.name],
                              capture_output=True, text=True, check=False, timeout=20)
        return done.returncode, done.stderr.replace(file.name, "FILE")


def crc32c(data):
    """RFC 3720, B.4, bit by bit."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Phone:
    """A member's phone: makes codes as hal/reader/CODES.md says, from what head office printed."""

    def __init__(self, handle, key):
        self.handle, self.key = handle, key

    def code(self, at_s):
        step = (int(at_s * 1000) // 30000).to_bytes(4, "big")
        mac = hmac.new(self.key, b"TLY1 rotating\0" + self.handle + step, "sha256").digest()
        data = b"\1" + self.handle + step + mac[:8]
        data += (crc32c(data) & 0xffff).to_bytes(2, "big")
        return "TLY1:" + base64.b32encode(data).decode()


class Configuration(unittest.TestCase):
    def test_an_unknown_key_is_named_with_its_line(self):
        code, said = config_problem("[store]\ndir = /nowhere\nsize = 3\n")
        self.assertEqual(code, 2)
        self.assertIn("FILE:3: size: there is no such key", said)

    def test_a_wrong_type_is_named_with_its_line(self):
        code, said = config_problem("[hq]\nport = seven\n")
        self.assertEqual(code, 2)
        self.assertIn("FILE:2: port: must be a whole number", said)

    def test_an_impossible_value_is_named_with_its_line(self):
        code, said = config_problem("[hq]\n\nport = 70000\n")
        self.assertEqual(code, 2)
        self.assertIn("FILE:3: port: must be a whole number from 1 to 65535", said)

    def test_a_reader_setting_that_means_nothing_is_named(self):
        for line, said in (("keyboard = some", "FILE:2: keyboard: must be one of: known none all"),
                           ("keyboard_device = 801:1", "keyboard_device: must be vendor:product"),
                           ("keyboard_device = 0801:0001x", "keyboard_device: must be vendor:product"),
                           ("prefix = longerthan8", "prefix, suffix: must be at most 8"),
                           ("layout = dutch", "FILE:2: layout: must be one of: us german french")):
            code, text = config_problem(f"[reader]\n{line}\n")
            self.assertEqual((code, said in text), (2, True), text)

    def test_a_printer_display_or_tag_that_cannot_be_is_named(self):
        for text, problem in (("[printer]\ncharset = latin1\n", "FILE:2: charset: must be one of: ascii"),
                              ("[printer]\ncolumns = 23\n", "FILE:2: columns: must be a whole"),
                              ("[display]\ncharset = x\n", "FILE:2: charset: must be one of"),
                              ("[display]\non = wall\n", "FILE:2: on: must be one of: none usb"),
                              ("[display]\non = usb\n", "[display] device: must be vendor"),
                              ("[display]\ndevice = 0416\n", "[display] device: must be vendor"),
                              ("[display]\ndevice = 1:2x\n", "[display] device: must be vendor"),
                              ("[display]\non = printer\n", "there is no printer without"),
                              ("[display]\nbrightness = 0\n", "FILE:2: brightness: must be"),
                              ("[tag]\naid = f0f1\n", "[tag] aid: must be 3, or 5 to 16"),
                              ("[tag]\naid = f0f1g2\n", "[tag] aid: must be 3, or 5 to 16"),
                              ("[tag]\nclassic_key = ffffffffffff\n", "[tag] classic_key: must be A:"),
                              ("[tag]\nfile = 32\n", "FILE:2: file: must be a whole")):
            code, said = config_problem(text)
            self.assertEqual(code, 2, text)
            self.assertIn(problem, said)

    def test_a_missing_file_is_named(self):
        done = subprocess.run([shop.PROGRAMS / "tallyd", "--config", "no-such.conf"],
                              capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no-such.conf", done.stderr)


class Importing(unittest.TestCase):
    """`tallyhq members import`, with head office's published programme and nothing else."""

    HEADER = "card,name,phone,points,expires,qualifying_minor,home_shop\n"

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="tally-test-")
        self.addCleanup(holder.cleanup)
        self.hq = shop.HeadOffice(pathlib.Path(holder.name) / "hq")
        self.file = pathlib.Path(holder.name) / "members.csv"
        self.hq.set_up()
        self.hq.admin("programme", "publish", shop.PROGRAMME)

    def members(self, *phones, first=0):
        """A file of members with these phone numbers."""
        self.file.write_text(self.HEADER + "".join(
            f"{int(CARDS[0]) + first + at},Ada,{phone},0,never,0,1\n"
            for at, phone in enumerate(phones)))

    def test_a_phone_number_that_is_none_is_named_by_its_line_and_not_by_itself(self):
        wrong = {"12a4567": "not a number of 7 to 15 digits", "123456": "not a number of 7 to 15",
                 "1234567890123456": "not a number of 7 to 15", CARDS[1]: "a card's number",
                 "4111 1111 1111 1111": "looks like a payment card"}
        self.members("+49 30 1234567", *wrong, "")
        with self.assertRaises(shop.Failed) as caught:
            self.hq.admin("members", "import", self.file)
        said = str(caught.exception)
        self.assertIn("nothing was imported", said)
        self.assertEqual(said.count("members.csv:"), len(wrong), said)
        for line, (phone, problem) in enumerate(wrong.items(), 3):
            self.assertRegex(said, f"members.csv:{line}: phone: .*{problem}")
            self.assertNotIn(phone, said)

    def test_a_phone_number_of_two_members_stays_with_the_first_and_is_counted(self):
        self.members("13800138000", "", "138-0013 8000")
        self.assertEqual(self.hq.admin("members", "import", self.file),
                         "3 members imported, 1 phone numbers stay with the members who had them "
                         "first\n")
        self.members("13800138000", "13800138001", first=4)
        self.assertEqual(self.hq.admin("members", "import", self.file),
                         "2 members imported, 1 phone numbers stay with the members who had them "
                         "first\n")
        self.hq.admin("verify")
        self.assertRegex(self.hq.admin("status"), r"(?m)^cards +7$")


class Shop(unittest.TestCase):
    """Each test has a shop of its own: head office with a few members, and one terminal."""

    PROGRAMME = shop.PROGRAMME

    def setUp(self):
        self.holder = tempfile.TemporaryDirectory(prefix="tally-test-")
        folder = pathlib.Path(self.holder.name)
        self.hq = shop.HeadOffice(folder / "hq")
        self.terminal = shop.NativeTerminal(folder / "terminal", readers=False)
        self.till = None
        self.addCleanup(self.holder.cleanup)
        self.addCleanup(self.stop)
        self.hq.set_up()
        self.hq.admin("programme", "publish", self.PROGRAMME)
        members = folder / "members.csv"
        members.write_text(shop.sample_members(MEMBERS))
        self.hq.admin("members", "import", members)
        self.hq.start()

    def stop(self):
        if self.till is not None:
            self.till.close()
        codes = [self.terminal.stop(), self.hq.stop()]
        self.assertTrue(all(code in (None, 0) for code in codes),
                        f"left with {codes}; logs:\n" + "\n".join(
                            log.read_text()[-3000:] for log in (self.terminal.log, self.hq.log)
                            if log.exists()))

    def open(self):
        self.terminal.start(self.hq)
        self.till = shop.Till(self.terminal.till)

    def enrol(self):
        self.terminal.give_token(self.hq.admin("enrol-token", "--shop", "3").strip())
        self.till.call("sync")
        self.assertTrue(self.till.wait_status(
            lambda now: now["store"]["members"] == MEMBERS and now["programme"], 20),
            self.till.call("status"))

    def kill(self, number):
        """Ends tallyd with a signal."""
        self.till.close()
        self.terminal.process.send_signal(number)
        self.terminal.process.wait(20)
        self.terminal.process = None

    def reopen(self, number):
        """Ends tallyd with a signal, and starts it again."""
        self.kill(number)
        self.open()

    def identify(self, text):
        return self.till.call("identify", text=text)

    def sell(self, member, ref, amount_minor=10000, points=0):
        return self.till.call("sale", ref=ref, member=member["member"], points=points,
                              cashier="ann", lines=[{"sku": "tea", "amount_minor": amount_minor}])

    def assert_refused(self, status, method, **params):
        with self.assertRaises(shop.Refused) as caught:
            self.till.call(method, **params)
        self.assertEqual(caught.exception.status, status)

    def wait_rows(self, is_so, till=None):
        """Waits for what head office sends: rows that come are news to the status, and not named in it."""
        till = till or self.till
        deadline = time.monotonic() + 20
        while not is_so():
            self.assertLess(time.monotonic(), deadline, till.call("status"))
            till.call("sync")
            till.wait("status", limit_s=1)

    def wait_why(self, why):
        status = self.till.wait_status(lambda now: now["hq"]["why"] == why, 20)
        self.assertTrue(status, self.till.call("status")["hq"])
        return status


class InAShop(Shop):
    def test_a_status_that_was_told_before_the_question_is_not_waited_for(self):
        self.open()
        old = dict(self.till.call("status"), terminal=99)
        self.till.notifications.append({"method": "status", "params": old})
        self.assertIsNone(self.till.wait_status(lambda now: now["terminal"] == 99, 0))

    def test_before_enrolment_a_till_is_told_that_nothing_is_ready(self):
        self.open()
        status = self.wait_why("TALLY_E_NOT_READY")
        self.assertIn("enrol-token", status["hq"]["detail"])
        self.assert_refused("TALLY_E_NOT_READY", "identify", text=CARDS[0])

    def test_a_power_cut_before_the_certificate_is_kept_costs_no_new_token(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[1])
        points = self.sell(member, "r1")["member"]["points"]
        (self.terminal.folder / "data/meta/identity").unlink()
        self.reopen(signal.SIGKILL)
        self.assertTrue(self.till.wait_status(
            lambda now: now["hq"]["state"] == "up" and now["store"]["pending"] == 0, 20),
            self.till.call("status"))
        self.assertEqual(self.till.call("status")["terminal"], 1)
        self.assertEqual(self.identify(CARDS[1])["points"], points)

    def test_a_token_that_was_used_by_another_terminal_is_refused(self):
        self.open()
        self.enrol()
        token = (self.terminal.folder / "token").read_text()
        other = shop.NativeTerminal(self.terminal.folder.parent / "other", readers=False)
        other.folder.mkdir()
        other.give_token(token.strip())
        other.start(self.hq)
        till = shop.Till(other.till)
        try:
            self.assertTrue(till.wait_status(lambda now: now["hq"]["why"] == "TALLY_E_TOKEN", 20),
                            till.call("status"))
            self.assertEqual(till.call("status")["terminal"], 0)
        finally:
            till.close()
            self.assertEqual(other.stop(), 0)

    def test_a_typed_card_or_phone_number_works_without_a_reader(self):
        self.open()
        self.enrol()
        self.assertEqual(self.till.call("status")["reader"]["ready"], 0)
        member = self.identify(CARDS[0][:4] + " " + CARDS[0][4:])
        self.assertEqual(member["tier"]["code"], "P")
        self.assert_refused("TALLY_E_PAYMENT_CARD", "identify", text="4111 1111 1111 1111")
        self.assert_refused("TALLY_E_UNKNOWN_CARD", "identify", text="+49 30 1234567")
        with_phone = self.till.call("enrol", text="+49 30 1234567", name="Ida", phone="")
        self.assertEqual(self.identify("49301234567")["member"], with_phone["member"])
        self.assert_refused("TALLY_E_EXISTS", "enrol", text="49301234567", name="Eva", phone="")

    def assert_found_by_both(self, till, member):
        for text in (NEW_CARD, "+49 30 1234567", "4930-1234567"):
            self.assertEqual(till.call("identify", text=text)["member"], member["member"])

    def test_a_member_with_card_and_phone_is_found_by_either_everywhere_and_after_a_kill(self):
        self.open()
        self.enrol()
        member = self.till.call("enrol", text=NEW_CARD, name="Ida", phone="+49 30 1234567")
        self.assert_found_by_both(self.till, member)
        self.reopen(signal.SIGKILL)
        self.assert_found_by_both(self.till, member)
        self.assertTrue(self.till.call("verify")["equal"])
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        other = shop.NativeTerminal(self.terminal.folder.parent / "other", readers=False)
        other.folder.mkdir()
        other.give_token(self.hq.admin("enrol-token", "--shop", "4").strip())
        other.start(self.hq)
        till = shop.Till(other.till)
        try:
            self.assertTrue(till.wait_status(
                lambda now: now["store"]["members"] == MEMBERS + 1 and now["programme"], 20),
                till.call("status"))
            self.assert_found_by_both(till, member)
            with self.assertRaises(shop.Refused) as caught:
                till.call("enrol", text=CARDS[0][:-1] + "0", name="Eva", phone="49301234567")
            self.assertEqual(caught.exception.status, "TALLY_E_EXISTS")
            self.assertIn("this phone number belongs to another member", str(caught.exception))
        finally:
            till.close()
            self.assertEqual(other.stop(), 0)
        self.assertEqual(self.hq.admin("flags").count("phone"), 0)
        self.hq.admin("verify")

    def test_an_enrolment_with_a_phone_number_that_is_none_records_nothing(self):
        self.open()
        self.enrol()
        for phone, status in (("123", "TALLY_E_INVALID"), ("ask Ida", "TALLY_E_INVALID"),
                              (CARDS[0], "TALLY_E_INVALID"),
                              ("4111 1111 1111 1111", "TALLY_E_PAYMENT_CARD")):
            self.assert_refused(status, "enrol", text=NEW_CARD, name="Ida", phone=phone)
        self.assert_refused("TALLY_E_UNKNOWN_CARD", "identify", text=NEW_CARD)
        self.assertEqual(self.till.call("status")["store"]["members"], MEMBERS)

    def test_enrolling_by_a_phone_number_and_giving_it_again_is_one_number(self):
        self.open()
        self.enrol()
        member = self.till.call("enrol", text="+49 30 1234567", name="Ida", phone="49301234567")
        self.assertEqual(self.identify("4930 1234567")["member"], member["member"])

    def test_an_imported_member_is_found_by_phone_number(self):
        self.open()
        self.enrol()
        people = list(csv.DictReader(io.StringIO(shop.sample_members(MEMBERS))))
        self.assertEqual(len({person["phone"] for person in people}), MEMBERS)
        for person in people:
            self.assertEqual(self.identify(person["phone"])["member"],
                             self.identify(person["card"])["member"])

    def test_one_sale_sent_twice_counts_once_and_another_under_its_name_is_refused(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[1])
        first, again = self.sell(member, "r1"), self.sell(member, "r1")
        self.assertEqual((first["repeated"], again["repeated"]), (False, True))
        self.assertEqual(first["event"], again["event"])
        self.assertEqual(first["member"]["points"], again["member"]["points"])
        self.assert_refused("TALLY_E_EXISTS", "sale", ref="r1", member=member["member"], points=0,
                            cashier="", lines=[{"sku": "tea", "amount_minor": 1}])
        self.assert_refused("TALLY_E_EXISTS", "sale", ref="r1", member=member["member"], points=0,
                            cashier="", lines=2 * [{"sku": "tea", "amount_minor": 2**63 - 1}])

    def test_a_receipt_says_what_a_sale_brought_in_either_language_and_again(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[1])
        sale = self.sell(member, "r1")
        points = f"{sale['member']['points']:,}"
        lines = self.till.call("receipt", ref="r1", columns=30)["lines"]
        texts = [line["text"] for line in lines]
        self.assertEqual([line["title"] for line in lines], [True] + [False] * (len(lines) - 1))
        self.assertIn("Points earned" + f"{sale['earned_points']:>17,}", texts)
        self.assertIn("Points now" + f"{points:>20}", texts)
        self.assertEqual(texts, [line["text"] for line in
                                 self.till.call("receipt", ref="r1", columns=30)["lines"]])
        texts = [line["text"] for line in self.till.call("receipt", ref="r1", language="zh")["lines"]]
        self.assertIn("可用积分" + f"{points:>34}", texts)
        self.till.call("void", ref="v1", sale_ref="r1", cashier="ann")
        texts = [line["text"] for line in self.till.call("receipt", ref="v1")["lines"]]
        self.assertTrue(any(text.startswith("Points taken back") for text in texts), texts)
        self.assert_refused("TALLY_E_NOT_FOUND", "receipt", ref="r2")
        self.assertTrue(member["name"])
        self.assertNotIn(member["name"], " ".join(texts))

    def test_a_printer_that_is_not_there_is_named_and_sells_on(self):
        self.open()
        self.enrol()
        self.assertIsNone(self.till.call("status")["printer"])
        self.sell(self.identify(CARDS[1]), "r1")
        self.assert_refused("TALLY_E_NOT_FOUND", "print", ref="r1")
        self.terminal.CONFIG += "[printer]\nenabled = yes\n[display]\non = printer\n"
        self.reopen(signal.SIGTERM)
        self.assertEqual(self.till.call("status")["printer"], "unplugged")
        with self.assertRaises(shop.Refused) as caught:
            self.till.call("print", ref="r1")
        self.assertEqual(caught.exception.status, "TALLY_E_DEVICE")
        self.assertIn("the receipt printer is not plugged in", str(caught.exception))
        self.sell(self.identify(CARDS[1]), "r2")

    def test_one_sale_sent_twice_while_it_waits_for_its_points_gets_one_receipt_twice(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[3])
        numbers = [self.till.send("sale", ref="r1", member=member["member"], points=500,
                                  cashier="", lines=[{"sku": "tea", "amount_minor": 100000}])
                   for _ in range(2)]
        answers = {}
        while len(answers) < len(numbers):
            message = self.till.line(time.monotonic() + 20)
            self.assertIsNotNone(message)
            if "id" in message:
                answers[message["id"]] = message
        receipts = [answers[number].get("result") for number in numbers]
        self.assertTrue(all(receipts), answers)
        self.assertEqual(receipts[0]["event"], receipts[1]["event"])
        self.assertEqual(sorted(receipt["repeated"] for receipt in receipts), [False, True])

    def test_points_at_head_office_are_drawn_and_come_back_with_a_void(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[3])
        self.assertEqual(member["points_here"], 0)
        receipt = self.sell(member, "r1", 100000, 500)
        self.assertEqual(receipt["redeemed_points"], 500)
        undone = self.till.call("void", ref="v1", sale_ref="r1", cashier="ann")
        self.assertEqual(undone["redeemed_points"], -500)
        after = self.identify(CARDS[3])
        self.assertEqual((after["points"], after["points_here"]), (member["points"], 500))

    def test_a_terminal_that_lost_its_disk_draws_again_under_its_old_number(self):
        self.open()
        self.enrol()
        self.sell(self.identify(CARDS[3]), "r1", 100000, 500)
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.till.close()
        self.terminal.stop()
        shutil.rmtree(self.terminal.folder / "data")
        self.terminal.give_token(
            self.hq.admin("enrol-token", "--shop", "3", "--terminal", "1").strip())
        self.open()
        self.assertTrue(self.till.wait_status(
            lambda now: now["store"]["members"] == MEMBERS and now["programme"], 20),
            self.till.call("status"))
        self.assertEqual(self.till.call("status")["epoch"], 2)
        receipt = self.sell(self.identify(CARDS[3]), "r2", 100000, 500)
        self.assertEqual(receipt["redeemed_points"], 500)

    def test_offline_a_terminal_redeems_what_its_drawer_holds_and_no_more(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[3])
        self.sell(member, "r1", 100000, 500)
        self.till.call("void", ref="v1", sale_ref="r1", cashier="ann")
        self.hq.stop()
        self.assertTrue(self.till.wait_status(lambda now: now["hq"]["state"] != "up", 20))
        self.assert_refused("TALLY_E_POINTS_SHORT", "sale", ref="r2", member=member["member"],
                            points=600, cashier="", lines=[{"sku": "tea", "amount_minor": 200000}])
        self.assertEqual(self.sell(member, "r3", 200000, 500)["redeemed_points"], 500)

    def test_a_paired_reader_that_is_missing_is_named_and_can_be_forgotten(self):
        self.open()
        self.assertEqual(self.till.call("readers"), {"readers": []})
        self.terminal.stop()
        self.till.close()
        pairs = self.terminal.folder / "data" / "readers"
        pairs.write_text(f"{bytes(range(32)).hex()} 7 TR-42\n")
        self.open()
        self.assertEqual(self.till.call("readers"), {"readers": [
            {"name": "", "serial": "TR-42", "state": "missing", "paired": True}]})
        self.assert_refused("TALLY_E_NOT_FOUND", "reader_pair")
        self.assert_refused("TALLY_E_NOT_FOUND", "reader_unpair", serial="TR-4")
        self.till.call("reader_unpair", serial="TR-42")
        self.assertEqual(self.till.call("readers"), {"readers": []})
        self.assertEqual(pairs.read_text(), "")

    def test_a_killed_terminal_keeps_every_answered_sale(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[1])
        sold = [self.sell(member, f"r{number}") for number in range(5)]
        self.reopen(signal.SIGKILL)
        again = [self.sell(member, f"r{number}") for number in range(5)]
        self.assertTrue(all(receipt["repeated"] for receipt in again))
        self.assertEqual(again[-1]["member"]["points"], sold[-1]["member"]["points"])
        self.assertTrue(self.till.call("verify")["equal"])
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.assertEqual(self.hq.admin("export", "--what", "sales").count("\n"), 6)

    def test_a_killed_terminal_that_is_alone_knows_whom_it_sold_to(self):
        self.open()
        self.enrol()
        sold = self.sell(self.identify(CARDS[1]), "r1")
        self.kill(signal.SIGKILL)
        self.hq.stop()
        self.open()
        member = self.identify(CARDS[1])
        self.assertEqual(member["points"], sold["member"]["points"])
        self.assertTrue(self.sell(member, "r1")["repeated"])
        self.assertFalse(self.sell(member, "r2")["repeated"])

    def test_a_second_tallyd_on_the_same_store_does_not_start(self):
        self.open()
        second = subprocess.run(
            [shop.PROGRAMS / "tallyd", "--config", self.terminal.folder / "tallyd.conf"],
            capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another tallyd", second.stderr)
        self.till.call("status")

    def test_head_office_under_another_name_is_said_and_selling_goes_on(self):
        self.open()
        self.enrol()
        self.hq.stop()
        shop.replace_certificate(self.hq, "DNS:elsewhere.example", days_from=-1, days_to=365)
        self.hq.start()
        self.wait_why("TALLY_E_PEER_NAME")
        self.sell(self.identify(CARDS[0]), "r1")

    def test_an_expired_certificate_is_said_and_selling_goes_on(self):
        # Head office renews its own in time, so openssl stands in for one that did not.
        self.open()
        self.enrol()
        self.hq.stop()
        certificate = shop.replace_certificate(self.hq, "DNS:tallyhq", days_from=-30, days_to=-1)
        stranger = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.hq.port}", "-cert", certificate,
             "-key", self.hq.data / "keys/hq.key", "-alpn", "h2", "-quiet"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_why("TALLY_E_PEER_EXPIRED")
            self.sell(self.identify(CARDS[0]), "r1")
        finally:
            stranger.kill()
            stranger.communicate()

    def test_a_revoked_terminal_is_told_and_its_sales_stay_with_it(self):
        self.open()
        self.enrol()
        self.hq.admin("revoke", str(self.till.call("status")["terminal"]))
        self.sell(self.identify(CARDS[0]), "r1")
        self.wait_why("TALLY_E_REVOKED")
        self.assertEqual(self.till.call("status")["store"]["pending"], 1)
        self.assertEqual(self.hq.admin("export", "--what", "sales").count("\n"), 1)

    def test_a_programme_that_waited_takes_over_in_its_time(self):
        self.open()
        self.enrol()
        soon = time.time() + 2
        text = shop.PROGRAMME.read_text()
        text = re.sub(r'"version": *1', '"version": 2', text)
        text = re.sub(r'"effective_from": *"[^"]*"', '"effective_from": "%s"' % time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon)), text)
        new = pathlib.Path(self.holder.name) / "new.json"
        new.write_text(text)
        self.hq.admin("programme", "publish", new)
        self.assertTrue(self.till.wait_status(lambda now: now["programme"]["version"] == 2, 20))
        self.assertGreaterEqual(time.time(), int(soon))

    def test_a_new_programme_reaches_a_running_terminal(self):
        self.open()
        self.enrol()
        text = shop.PROGRAMME.read_text()
        new = pathlib.Path(self.holder.name) / "new.json"
        new.write_text(re.sub(r'"points": *1,', '"points": 2,',
                              re.sub(r'"version": *1', '"version": 2', text)))
        self.hq.admin("programme", "publish", new)
        self.assertTrue(self.till.wait_status(lambda now: now["programme"]["version"] == 2, 20))
        quote = self.till.call("quote", member=self.identify(CARDS[0])["member"], points=0,
                               lines=LINES)
        self.assertEqual(quote["earned_points"], 200)


class WithEveryKindOfRule(Shop):
    """The same shop under a programme with caps, stamps, birthdays, rewards, awards and guards."""

    PROGRAMME = FULL

    def new_member(self, **params):
        return self.till.call("enrol", text=NEW_CARD, name="Ida", **params)

    def buy(self, member, ref, *lines, **params):
        return self.till.call("sale", ref=ref, member=member["member"], lines=list(lines),
                              **params)

    def assert_books_agree(self):
        """The store is its journal, and head office worked all of it out the same."""
        self.assertTrue(self.till.call("verify")["equal"])
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.hq.admin("verify")
        flags = self.hq.admin("flags").splitlines()
        self.assertEqual([line for line in flags if "adjusted at a terminal" not in line], [])
        return len(flags)

    def test_a_quote_says_of_every_rule_what_it_gave_and_why(self):
        self.open()
        self.enrol()
        today = time.strftime("%m-%d", time.gmtime())
        member = self.new_member(birthday=today)
        self.assertEqual(member["points"], 50)  # for coming; the profile has no phone number
        lines = [{"sku": "latte", "categories": ["coffee", "hot"], "quantity_milli": 2000,
                  "amount_minor": 700}, {"sku": "cigars", "categories": ["tobacco"],
                                         "amount_minor": 5000}]
        quote = self.till.call("quote", member=member["member"], lines=lines)
        why = {rule["rule"]: rule for rule in quote["why"]}
        self.assertEqual([rule["rule"] for rule in quote["why"]], ["base", "birthday", "stamp"])
        self.assertEqual((why["base"]["base"], why["base"]["multiplier_ppm"],
                          why["base"]["points"], why["base"]["cap"]), (700, 2000000, 14, None))
        self.assertEqual((why["birthday"]["why"], why["stamp"]["points"]), ("gave", 2))
        self.assertEqual([line["points"] for line in quote["lines"]], [14, 0])
        self.assertEqual(quote["lines"][0]["purses"], [{"purse": "STAMPS", "units": 2}])
        receipt = self.buy(member, "r1", *lines)
        self.assertEqual(receipt["earned_points"], quote["earned_points"])
        self.assertEqual(receipt["earned"], quote["earned"])
        self.assertEqual(receipt["lines"], quote["lines"])
        other = self.till.call("quote", member=self.identify(CARDS[0])["member"],
                               lines=[{"amount_minor": 200000}])
        why = {rule["rule"]: rule for rule in other["why"]}
        self.assertEqual((why["birthday"]["why"], why["stamp"]["why"]), ("conditions", "lines"))
        self.assertEqual((why["base"]["uncapped"], why["base"]["points"]), (2000, 1000))
        self.assertEqual(why["base"]["cap"], {"by": "rule", "period": "sale", "length": 0,
                                              "points": 1000})
        self.assert_books_agree()

    def test_the_command_line_explains_a_quote_and_sells_holds_refunds_and_adjusts(self):
        self.open()
        self.enrol()
        member = self.new_member()["member"]

        def tally(*words):
            return shop.output_of(shop.PROGRAMS / "tally", "--socket", self.terminal.till, *words)

        self.assertRegex(tally("quote", "--member", member, "--amount", "1500.00"),
                         r"(?s)will earn +1,000\n.*why\n.*1 point per 1.00 +1,000\n +1 for each "
                         r"€1.00 · on €1,500.00 · = 1,500 · at most 1,000 in one sale")
        tally("sale", "--ref", "r1", "--member", member, "--amount", "400.00")
        self.assertRegex(tally("hold", "--ref", "h1", "--member", member, "--points", "200"),
                         r"points moved +200\n")
        hold = str(self.till.call("member", member=member)["holds"][0]["hold"])
        self.assertRegex(tally("release", "--member", member, "--hold", hold), r"points +450\n")
        self.assertRegex(tally("refund", "--ref", "b1", "--sale", "r1", "--line", "1",
                               "--quantity", "0.5"), r"to pay +-€200.00\nearned +-200\n")
        self.assertRegex(tally("adjust", "--card", NEW_CARD, "--points", "-50", "--reason",
                               "found", "--who", "ann"), r"points moved +-50\n(?s:.*)points +200\n")
        with self.assertRaises(shop.Failed) as caught:
            tally("adjust", "--card", NEW_CARD, "--points", "500", "--reason", "x", "--who", "ann")
        self.assertIn("[TALLY_E_RULE]", str(caught.exception))

    def test_a_sale_comes_back_line_by_line_in_any_parts_and_once(self):
        self.open()
        self.enrol()
        member = self.new_member()
        self.buy(member, "r0", {"amount_minor": 90000})
        before = self.till.call("member", member=member["member"])
        sale = self.buy(member, "r1", {"sku": "cup", "quantity_milli": 3000, "amount_minor": 1000},
                        {"sku": "latte", "categories": ["coffee"], "amount_minor": 333},
                        points=100)
        self.assertEqual(sale["redeemed_points"], 100)
        lines = [{"line": 0, "quantity_milli": 1000}]
        parts = [self.till.call("refund", ref="b1", sale_ref="r1", lines=lines)]
        again = self.till.call("refund", ref="b1", sale_ref="r1", lines=lines)
        self.assertEqual((again["repeated"], again["event"]), (True, parts[0]["event"]))
        self.assert_refused("TALLY_E_EXISTS", "refund", ref="b1", sale_ref="r1",
                            lines=[{"line": 1, "quantity_milli": 1000}])
        self.assert_refused("TALLY_E_RULE", "refund", ref="b2", sale_ref="r1",
                            lines=[{"line": 0, "quantity_milli": 2001}])
        self.assert_refused("TALLY_E_INVALID", "refund", ref="b2", sale_ref="r1",
                            lines=[{"line": 2, "quantity_milli": 1000}])
        self.assert_refused("TALLY_E_RULE", "void", ref="v1", sale_ref="r1")
        self.assert_refused("TALLY_E_NOT_FOUND", "refund", ref="b2", sale_ref="r9")
        self.reopen(signal.SIGKILL)
        parts.append(self.till.call("refund", ref="b2", sale_ref="r1", lines=lines))
        parts.append(self.till.call("refund", ref="b3", sale_ref="r1"))  # the rest
        self.assert_refused("TALLY_E_RULE", "refund", ref="b4", sale_ref="r1")
        for sum_of in ("total_minor", "redeemed_points", "redeemed_minor", "to_pay_minor",
                       "earned_points"):
            self.assertEqual(sum(part[sum_of] for part in parts), -sale[sum_of], sum_of)
        after = self.till.call("member", member=member["member"])
        for what in ("points", "debt", "lots", "purses"):
            self.assertEqual(after[what], before[what], what)
        self.assert_books_agree()

    def test_a_void_is_answered_again_and_nothing_comes_back_after_it(self):
        self.open()
        self.enrol()
        member = self.new_member()
        self.buy(member, "r1", {"amount_minor": 5000})
        first = self.till.call("void", ref="v1", sale_ref="r1")
        self.assertEqual((first["to_pay_minor"], first["earned_points"]), (-5000, -50))
        for ref in ("v1", "v2"):
            again = self.till.call("void", ref=ref, sale_ref="r1")
            self.assertEqual((again["repeated"], again["event"]), (True, first["event"]))
        self.assert_refused("TALLY_E_RULE", "refund", ref="b1", sale_ref="r1")
        self.assert_refused("TALLY_E_EXISTS", "void", ref="r1", sale_ref="r1")
        self.assert_books_agree()

    def test_a_hold_lives_through_a_kill_pays_a_sale_and_gives_the_rest_back(self):
        self.open()
        self.enrol()
        member = self.identify(CARDS[3])
        self.assertEqual(member["points_here"], 0)  # they are drawn for the hold
        held = self.till.call("hold", ref="h1", member=member["member"], points=300)
        self.assertEqual((held["points"], held["member"]["held"], held["member"]["points"]),
                         (300, 300, member["points"] - 300))
        self.reopen(signal.SIGKILL)
        again = self.till.call("hold", ref="h1", member=member["member"], points=300)
        self.assertEqual((again["repeated"], again["hold"]), (True, held["hold"]))
        self.assert_refused("TALLY_E_EXISTS", "hold", ref="h1", member=member["member"], points=200)
        self.assertEqual(self.identify(CARDS[3])["holds"], again["member"]["holds"])
        sale = self.buy(member, "r1", {"amount_minor": 1000}, points=200, hold=held["hold"])
        self.assertEqual((sale["member"]["held"], sale["member"]["points"]),
                         (0, member["points"] - 200 + sale["earned_points"]))
        second = self.till.call("hold", ref="h2", member=member["member"], points=100)
        self.assert_refused("TALLY_E_NOT_FOUND", "release", member=member["member"],
                            hold=held["hold"])
        released = self.till.call("release", member=member["member"], hold=second["hold"])
        self.assertEqual((released["points"], released["member"]["held"]), (100, 0))
        self.assert_refused("TALLY_E_NOT_FOUND", "release", member=member["member"],
                            hold=second["hold"])
        self.assert_refused("TALLY_E_POINTS_SHORT", "hold", ref="h3", member=member["member"],
                            points=10**9)
        self.assert_books_agree()

    def test_a_new_member_gets_what_the_programme_gives_for_coming(self):
        self.open()
        self.enrol()
        member = self.new_member(phone="+49 30 1234567", birthday="02-29")
        self.assertEqual(member["points"], 70)
        self.assert_refused("TALLY_E_NOT_FOUND", "enrol", text=CARDS[0][:-1] + "0", name="Eva",
                            referrer="5")
        self.till.call("enrol", text=CARDS[0][:-1] + "0", name="Eva", referrer=member["member"])
        self.assert_books_agree()

    def test_guards_warn_and_refuse_with_their_reasons(self):
        self.open()
        self.enrol()
        member = self.new_member()
        receipts = [self.buy(member, f"r{at}", {"amount_minor": 100}, cashier="ann")
                    for at in range(3)]
        self.assertEqual([len(receipt["warnings"]) for receipt in receipts], [0, 0, 1])
        self.assertEqual(receipts[2]["warnings"][0]["guard"], "cashier_sales_hour")
        for cashier in (member["member"], NEW_CARD):
            with self.assertRaises(shop.Refused) as caught:
                self.buy(member, "own", {"amount_minor": 100}, cashier=cashier)
            self.assertEqual(caught.exception.status, "TALLY_E_RULE")
            quote = self.till.call("quote", member=member["member"], cashier=cashier,
                                   lines=[{"amount_minor": 100}])
            self.assertEqual(quote["warnings"][0]["verdict"], "refuse")
        self.assert_refused("TALLY_E_RULE", "adjust", member=member["member"], points=101,
                            reason="broken cup", who="ann")
        adjusted = self.till.call("adjust", member=member["member"], points=101,
                                  reason="broken cup", who="ann", second="bo")
        self.assertEqual((adjusted["points"], adjusted["member"]["points"]), (101, 154))
        taken = self.till.call("adjust", member=member["member"], points=-4, reason="found again",
                               who="ann")
        self.assertEqual((taken["points"], taken["member"]["points"]), (-4, 150))
        self.assert_refused("TALLY_E_NOT_FOUND", "adjust", member=member["member"], points=1,
                            purse="CORKS", reason="x", who="ann")
        self.assertEqual(self.assert_books_agree(), 2)  # head office is told of each adjustment

    def test_stamps_buy_a_cup_where_they_are_and_not_a_second_time_elsewhere(self):
        self.open()
        self.enrol()
        member = self.new_member()
        coffee = {"sku": "latte", "categories": ["coffee"], "amount_minor": 350}
        claims = [{"reward": "FREE-CUP"}]
        bought = self.buy(member, "r1", dict(coffee, quantity_milli=5000, amount_minor=1750))
        self.assertEqual([offer["code"] for offer in bought["member"]["rewards"]], ["FREE-CUP"])
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        other = shop.NativeTerminal(self.terminal.folder.parent / "other", readers=False)
        other.folder.mkdir()
        other.give_token(self.hq.admin("enrol-token", "--shop", "4").strip())
        other.start(self.hq)
        till = shop.Till(other.till)
        try:
            self.assertTrue(till.wait_status(
                lambda now: now["store"]["members"] == MEMBERS + 1 and now["programme"], 20))
            there = till.call("identify", text=NEW_CARD)
            stamps = there["purses"][0]
            self.assertEqual((stamps["units"], stamps["units_here"]), (5, 0))
            quote = till.call("quote", member=there["member"], lines=[coffee], claims=claims)
            self.assertEqual((quote["discount_minor"], quote["to_pay_minor"]), (350, 0))
            with self.assertRaises(shop.Refused) as caught:
                till.call("sale", ref="q1", member=there["member"], lines=[coffee], claims=claims)
            self.assertEqual(caught.exception.status, "TALLY_E_POINTS_SHORT")
        finally:
            till.close()
            self.assertEqual(other.stop(), 0)
        free = self.buy(member, "r2", coffee, claims=claims)
        self.assertEqual((free["discount_minor"], free["to_pay_minor"], free["purses"]),
                         (350, 0, [{"purse": "STAMPS", "earned": 0, "spent": 5}]))
        back = self.till.call("refund", ref="b2", sale_ref="r2")
        self.assertEqual((back["to_pay_minor"], back["member"]["purses"][0]["units"]), (0, 5))
        self.assert_books_agree()

    def test_points_of_an_account_that_has_ended_follow_it_also_what_was_held(self):
        self.open()
        self.enrol()
        first = self.new_member()
        second = self.till.call("enrol", text=CARDS[0][:-1] + "0", name="Eva")
        self.buy(first, "r1", {"amount_minor": 30000})
        held = self.till.call("hold", ref="h1", member=first["member"], points=100)
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.hq.stop()
        self.hq.admin("account", "merge", first["account"], second["account"], "--reason", "twice",
                      "--who", "bo")
        self.hq.start()
        self.wait_rows(lambda: self.identify(NEW_CARD)["account"] == second["account"])
        merged = self.identify(NEW_CARD)
        self.assertEqual((merged["points"], merged["points_here"]), (300, 300))  # 350 + 50 - 100
        released = self.till.call("release", member=first["member"], hold=held["hold"])
        self.assertEqual((released["points"], released["member"]["points"]), (100, 400))
        back = self.till.call("refund", ref="b1", sale_ref="r1")
        self.assertEqual(back["member"]["account"], second["account"])
        self.assert_books_agree()

    def give_code(self, card, *options):
        """What head office prints for the member who has this card."""
        return self.hq.admin("card", "code", card, *options, "--reason", "app", "--who", "bo")

    def test_a_code_on_a_phone_names_its_member_once_and_a_printed_one_again_and_again(self):
        self.open()
        self.enrol()
        member = self.new_member()
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.hq.stop()
        printed = self.give_code(NEW_CARD, "--printed").strip()
        words = dict(line.split() for line in self.give_code(NEW_CARD).splitlines())
        self.hq.start()
        phone = Phone(bytes.fromhex(words["handle"]), bytes.fromhex(words["key"]))
        tag = self.hq.admin("card", "tag", NEW_CARD, "04de5f1eacc040", "--reason", "gold", "--who",
                            "bo").splitlines()
        self.assertEqual([len(line.split()[-1]) for line in tag], [32, 32, 32])
        self.assertEqual(len(set(tag)), 3)
        self.wait_rows(lambda: self.finds(printed))
        self.assertEqual(self.identify(printed)["member"], member["member"])
        code = self.first_code(phone)
        self.assertEqual(self.identify(code)["member"], member["member"])
        self.assert_refused("TALLY_E_CODE_USED", "identify", text=code)
        self.assert_refused("TALLY_E_CODE_EXPIRED", "identify", text=phone.code(time.time() - 120))
        self.assert_refused("TALLY_E_CARD_UNREADABLE", "identify", text=code[:-1] + "%")
        self.reopen(signal.SIGKILL)
        self.assertEqual(self.identify(printed)["member"], member["member"])
        self.assert_books_agree()

    def first_code(self, phone):
        """The first code that was not valid before the terminal started: nobody can have used it there.
        Codes are valid from 15 s before their 30 s, so the wait for one is 30 s at the most."""
        step = (int(time.time()) + 15) // 30 + 1
        time.sleep(max(0, step * 30 - 14 - time.time()))  # the clock is what is waited for
        return phone.code(step * 30)

    def finds(self, text):
        try:
            return self.identify(text)
        except shop.Refused:
            return None

    def test_a_lost_card_is_replaced_and_finds_nobody_any_more(self):
        self.open()
        self.enrol()
        member = self.new_member()["member"]
        other = CARDS[0][:-1] + "0"
        for params in ({"action": "link", "text": CARDS[0]},
                       {"action": "replace", "text": CARDS[0], "old": NEW_CARD},
                       {"action": "unblock", "text": NEW_CARD}):
            self.assert_refused("TALLY_E_EXISTS", "card", member=member, who="ann", **params)
        self.assert_refused("TALLY_E_NOT_FOUND", "card", member=member, who="ann", action="block",
                            text=CARDS[0])
        self.till.call("card", member=member, who="ann", action="replace", text=other, old=NEW_CARD,
                       reason="lost")
        self.assert_refused("TALLY_E_BLOCKED", "identify", text=NEW_CARD)
        self.assertEqual(self.identify(other)["member"], member)
        self.reopen(signal.SIGKILL)
        self.assert_refused("TALLY_E_BLOCKED", "identify", text=NEW_CARD)
        self.till.call("card", member=member, who="ann", action="unblock", text=NEW_CARD)
        self.assertEqual(self.identify(NEW_CARD)["member"], member)
        self.assert_books_agree()

    def test_a_blocked_account_is_shown_so_and_sells_nothing(self):
        self.open()
        self.enrol()
        member = self.new_member()
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        self.hq.stop()
        self.hq.admin("account", "block", member["account"], "--reason", "fraud", "--who", "bo")
        self.hq.start()
        self.wait_rows(lambda: self.identify(NEW_CARD)["blocked"])
        self.assert_refused("TALLY_E_BLOCKED", "quote", member=member["member"], lines=LINES)
        self.assert_refused("TALLY_E_BLOCKED", "sale", ref="r1", member=member["member"],
                            lines=LINES)
        self.assert_books_agree()

    def test_two_programmes_to_come_each_take_over_in_their_time(self):
        self.open()
        self.enrol()
        text, now = FULL.read_text(), time.time()
        for version, after_s in ((2, 3), (3, 6)):
            new = pathlib.Path(self.holder.name) / f"{version}.json"
            starts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + after_s))
            new.write_text(re.sub(r'"effective_from": *"[^"]*"', f'"effective_from": "{starts}"',
                                  re.sub(r'"version": *1', f'"version": {version}', text)))
            self.hq.admin("programme", "publish", new)
        seen = set()
        self.assertTrue(self.till.wait_status(
            lambda status: seen.add(status["programme"]["version"]) or 3 in seen, 30))
        self.assertEqual(seen - {1}, {2, 3})

    def test_a_scanned_text_is_read_by_the_programme_in_force_while_others_take_over(self):
        self.open()
        self.enrol()
        document, last = json.loads(FULL.read_text()), 4
        for version in range(2, last + 1):
            document["version"] = version
            document["effective_from"] = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                       time.gmtime(time.time() + version))
            new = pathlib.Path(self.holder.name) / f"{version}.json"
            new.write_text(json.dumps(document))
            self.hq.admin("programme", "publish", new)
        deadline = time.monotonic() + 30
        while self.till.call("status")["programme"]["version"] < last:  # asked in all moments between
            self.identify("member:" + CARDS[0])
            self.assertLess(time.monotonic(), deadline)


class WithAnotherProgramme(Shop):
    """What another programme would have done, from head office's books and from a terminal's journal."""

    def setUp(self):
        super().setUp()
        self.open()
        self.enrol()
        document = json.loads(shop.PROGRAMME.read_text())
        document["version"] = 2
        document["earn"]["rules"][0]["points"] = 2
        self.twice = self.terminal.folder / "twice.json"
        self.twice.write_text(json.dumps(document))

    def row(self, output, name):
        """as it was, would be, difference"""
        found = re.search(rf"^ +{name} +(\S+) +(\S+) +(\S+)$", output, re.MULTILINE)
        self.assertTrue(found, output)
        return found.groups()

    def test_twice_the_points_are_twice_the_points_wherever_the_sales_are_read_from(self):
        member = self.till.call("enrol", text=NEW_CARD, name="Ida")
        self.sell(member, "a", 12345)
        self.sell(member, "b", 400)
        self.till.call("void", ref="c", sale_ref="b")
        self.assertTrue(self.till.wait_status(lambda now: now["store"]["pending"] == 0, 20))
        at_hq = self.hq.admin("programme", "dry-run", str(self.twice))
        self.assertEqual(self.row(at_hq, "earned"), ("123", "246", "+123"))
        self.assertIn("1 members would have more, 0 less", at_hq)
        journal = self.terminal.folder / "data" / "journal"
        here = self.hq.admin("programme", "dry-run", "--journal", str(journal), str(self.twice))
        self.assertTrue(here.startswith("1 accounts, 2 sales, 1 voids and refunds"), here)
        self.assertEqual(self.row(here, "earned"), ("123", "246", "+123"))
        self.assertEqual(self.hq.admin("verify").split()[-1], "agree")

    def test_what_cannot_be_compared_is_said(self):
        nowhere = self.terminal.folder / "nowhere"
        done = subprocess.run([shop.PROGRAMS / "tallyhq", "--data", self.hq.data, "programme", "dry-run",
                               "--journal", str(nowhere), str(self.twice)], capture_output=True, text=True,
                              check=False, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{nowhere}: there is no journal", done.stderr)
        self.assertFalse(nowhere.exists())


class WithStock(Shop):
    """Rewards of which there are so many for all members, at two terminals."""

    REWARDS = [{"code": "MUG", "kind": "gift", "total": 1},
               {"code": "EARLY", "kind": "percent", "percent": 10, "automatic": True, "total": 2,
                "when": {"codes": ["EARLY"]}}]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tally-test-")
        self.addCleanup(folder.cleanup)
        self.document = json.loads(FULL.read_text())
        self.document["rewards"] = json.loads(json.dumps(self.REWARDS))
        self.PROGRAMME = pathlib.Path(folder.name) / "stock.json"
        self.PROGRAMME.write_text(json.dumps(self.document))
        super().setUp()
        self.open()
        self.enrol()
        self.other = shop.NativeTerminal(self.terminal.folder.parent / "other", readers=False)
        self.other.folder.mkdir()
        self.other.give_token(self.hq.admin("enrol-token", "--shop", "4").strip())
        self.other.start(self.hq)
        self.there = shop.Till(self.other.till)
        self.addCleanup(self.stop_other)
        self.assertTrue(self.there.wait_status(
            lambda now: now["store"]["members"] == MEMBERS and now["programme"], 20))

    def stop_other(self):
        self.there.close()
        self.assertEqual(self.other.stop(), 0)

    def claim(self, till, ref, card=CARDS[0], reward="MUG"):
        member = till.call("identify", text=card)["member"]
        return till.call("sale", ref=ref, member=member, lines=LINES,
                         claims=[{"reward": reward}])

    def assert_none_left(self, till, ref, card=CARDS[0]):
        with self.assertRaises(shop.Refused) as caught:
            self.claim(till, ref, card)
        self.assertEqual(caught.exception.status, "TALLY_E_RULE")
        self.assertIn("none of this reward is left here", str(caught.exception))

    def assert_offered(self, till, codes):
        self.wait_rows(lambda: codes == [
            offer["code"] for offer in till.call("identify", text=CARDS[1])["rewards"]], till)

    def wait_hq(self, state):
        for till in (self.till, self.there):
            self.assertTrue(till.wait_status(
                lambda now: now["hq"]["state"] == state
                and (state != "up" or now["store"]["pending"] == 0), 30), till.call("status"))

    def assert_books_agree(self):
        self.wait_hq("up")
        for till in (self.till, self.there):
            self.assertTrue(till.call("verify")["equal"])
        self.hq.admin("verify")
        self.assertEqual(self.hq.admin("flags"), "")

    def test_the_last_one_is_given_once_whoever_is_alone_and_again_after_a_void(self):
        self.assertIn("units of reward MUG", self.hq.admin("account", "1"))
        self.assertRegex(self.hq.admin("status"), rf"(?m)^accounts +{MEMBERS}$")
        self.assert_offered(self.till, ["MUG"])
        self.assert_offered(self.there, ["MUG"])
        given = self.claim(self.till, "r1")
        again = self.claim(self.till, "r1")
        self.assertEqual((again["repeated"], again["event"]), (True, given["event"]))
        self.assert_none_left(self.till, "r2")
        self.assert_none_left(self.there, "o1", CARDS[1])
        self.assert_offered(self.there, [])
        self.wait_hq("up")
        self.hq.stop()
        self.reopen(signal.SIGTERM)  # members' rows are durable; a kill may send for them again
        self.wait_hq("down")
        self.assert_none_left(self.there, "o1", CARDS[1])
        self.till.call("void", ref="v1", sale_ref="r1")
        self.assert_offered(self.till, ["MUG"])
        self.reopen(signal.SIGKILL)
        self.assert_none_left(self.there, "o1", CARDS[1])
        self.claim(self.till, "r3", CARDS[3])
        self.assert_none_left(self.till, "r4")
        self.reopen(signal.SIGKILL)
        self.assert_none_left(self.till, "r4")
        self.hq.start()
        self.assert_books_agree()
        self.assertNotIn("MUG", self.hq.admin("account", "1"))

    def test_a_terminal_that_is_alone_gives_nothing_that_is_at_head_office(self):
        self.assert_offered(self.till, ["MUG"])
        self.hq.stop()
        self.wait_hq("down")
        self.assert_offered(self.till, [])
        self.assert_none_left(self.till, "r1")
        with self.assertRaises(shop.Refused) as caught:
            self.till.call("quote", member=self.identify(CARDS[0])["member"], lines=LINES,
                           claims=[{"reward": "MUG"}])
        self.assertIn("none of this reward is left here", str(caught.exception))
        self.hq.start()
        self.wait_hq("up")
        self.claim(self.till, "r1")
        self.assert_books_agree()

    def test_what_a_refund_brings_back_is_no_gift_and_a_higher_total_is(self):
        self.claim(self.till, "r1")
        self.till.call("refund", ref="b1", sale_ref="r1")
        self.assert_none_left(self.till, "r2")
        self.document["version"] = 2
        self.document["rewards"][0]["total"] = 2
        self.PROGRAMME.write_text(json.dumps(self.document))
        self.hq.admin("programme", "publish", self.PROGRAMME)
        for till in (self.there, self.till):  # an event under version 1 would be flagged from now on
            self.assertTrue(till.wait_status(lambda now: now["programme"]["version"] == 2, 20))
        self.assert_offered(self.there, ["MUG"])
        self.claim(self.there, "o1")
        self.assert_none_left(self.there, "o2")
        self.assert_none_left(self.till, "r2")
        self.assert_books_agree()

    def test_a_reward_that_comes_by_itself_comes_as_long_as_there_are_some(self):
        def buy(till, ref):
            member = till.call("identify", text=CARDS[0])["member"]
            return till.call("sale", ref=ref, member=member, lines=LINES,
                             codes=["EARLY"])["discount_minor"]
        self.assertEqual([buy(self.till, "r1"), buy(self.there, "o1")], [1000, 1000])
        self.assertEqual([buy(self.till, "r2"), buy(self.there, "o2")], [0, 0])
        self.hq.stop()
        self.wait_hq("down")
        self.till.call("void", ref="v1", sale_ref="r1")
        self.assertEqual([buy(self.there, "o3"), buy(self.till, "r3"), buy(self.till, "r4")],
                         [0, 1000, 0])
        self.hq.start()
        self.assert_books_agree()


if __name__ == "__main__":
    unittest.main(verbosity=2)
