# SPDX-License-Identifier: Apache-2.0
"""The story of a terminal's life, from an empty head office to a power cut and back, told without a
human through the real programs: each claim is checked and printed with ok or FAILED."""

import csv
import http.client
import io
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

import shop

STORY = shop.TOP / "build/story"
MEMBERS = 1000
PAYMENT_PAN = "4111111111111111"  # a brand's published test number
CARD = {number: f"6005850000000000{number}" for number in range(1, 7)}
UNKNOWN_CARD = "60058599999999999"
SEED = int(os.environ.get("TALLY_SEED", "20261122"))


class Story:
    """Counts the claims and remembers what the till sold."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.claims = self.failed = 0
        self.sales = {}
        self.refs = 0

    def chapter(self, text):
        print(f"\n{text}", flush=True)

    def tell(self, text):
        print(f"       {text}", flush=True)

    def claim(self, holds, text, seen=""):
        self.claims += 1
        if not holds:
            self.failed += 1
        note = "" if holds or seen == "" else f"  [seen: {seen}]"
        print(f"{'ok    ' if holds else 'FAILED'} {text}{note}", flush=True)
        return holds

    def next_ref(self):
        self.refs += 1
        return f"R{SEED}-{self.refs:03d}"


class Screen:
    """The cashier's screen in tmux, 80x24, at the same till API."""

    def __init__(self, till, language="en"):
        self.name = f"tally-story-{os.getpid()}"
        command = f"{shop.PROGRAMS}/tally --socket {till} screen"
        subprocess.run(
            ["tmux", "-L", self.name, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24",
             f"env TERM=screen-256color LC_ALL=C.UTF-8 TALLY_LANG={language} {command}"],
            check=True, stdin=subprocess.DEVNULL)

    def keys(self, *keys):
        subprocess.run(["tmux", "-L", self.name, "send-keys", *keys], check=True)

    def text(self):
        return shop.output_of("tmux", "-L", self.name, "capture-pane", "-p")

    def shows(self, *words, limit_s=10):
        """Whether all words are on the screen now or soon."""
        deadline = time.monotonic() + limit_s
        while True:
            text = self.text()
            if all(word in text for word in words):
                return True
            if time.monotonic() > deadline:
                print("\n".join("       | " + line for line in text.splitlines()))
                return False
            time.sleep(0.05)  # tmux has no event for "the pane has changed"

    def close(self):
        subprocess.run(["tmux", "-L", self.name, "kill-server"], check=False,
                       stderr=subprocess.DEVNULL)


class Shop:
    """Everything the chapters share."""

    def __init__(self):
        self.story = Story()
        self.hq = shop.HeadOffice(STORY / "hq")
        self.terminal = shop.VirtualTerminal(STORY)
        self.till = None
        self.screen = None

    def connect(self):
        self.till = shop.Till(self.terminal.till)

    def swipe(self, *words):
        """Swipes, and returns what tallyd tells the tills about it."""
        shop.swipe(self.terminal.head, "--seed", self.story.random.randrange(1 << 30), *words)
        return self.till.wait("member", "refused", limit_s=10) or {"method": "", "params": {}}

    def swipe_card(self, number):
        answer = self.swipe("--track2", f";{number}=4912?")
        return answer["params"].get("member") or answer["params"]

    def sell(self, member, amount_minor, points=0, ref=None):
        ref = ref or self.story.next_ref()
        receipt = self.till.call(
            "sale", ref=ref, member=member["member"], points=points, cashier="story",
            lines=[{"sku": "basket", "amount_minor": amount_minor}])
        self.story.sales[ref] = (member["account"], amount_minor, receipt)
        return receipt

    def member(self, member):
        return self.till.call("member", member=member["member"])

    def files_with(self, text, places):
        """Files inside the terminal that hold this text. busybox's grep stops at a NUL byte, so NULs
        become line ends first. Not into other mounts: an endpoint of the reader is a file that
        blocks."""
        return self.terminal.sh(
            f"find {places} -xdev -type f | while read -r file; do "
            f"tr '\\000' '\\n' <\"$file\" | grep -q -a -F {text} && echo \"$file\"; done; true").split()

    def export(self, what):
        return list(csv.DictReader(io.StringIO(self.hq.admin("export", "--what", what))))


def chapter_1(s):
    story = s.story
    story.chapter("1. Head office starts empty; the programme is rolled out; the terminal enrols")
    s.hq.set_up()
    story.claim(s.export("accounts") == [], "head office starts empty")
    checked = subprocess.run([shop.PROGRAMS / "tallyhq", "programme", "check", shop.PROGRAMME],
                             capture_output=True, text=True, check=False)
    story.claim(checked.returncode == 0, "the programme passes its check", checked.stderr)
    bad = STORY / "bad.json"
    bad.write_text(shop.PROGRAMME.read_text().replace('"stars": 2', '"stars": "two"', 1))
    checked = subprocess.run([shop.PROGRAMS / "tallyhq", "programme", "check", bad],
                             capture_output=True, text=True, check=False)
    said = checked.stderr + checked.stdout
    story.claim(checked.returncode == 2 and re.search(r":\d+|line \d+", said) and "stars" in said,
                "a programme with a mistake is refused, with line and path", said)
    s.hq.admin("programme", "publish", shop.PROGRAMME)
    members = STORY / "members.csv"
    members.write_text(shop.sample_members(MEMBERS))
    s.hq.admin("members", "import", members)
    s.hq.start()
    started = time.monotonic()
    s.terminal.start(s.hq)
    story.tell(f"the ARM terminal was ready after {time.monotonic() - started:.1f} s")
    s.connect()
    status = s.till.call("status")
    story.claim(status["terminal"] == 0, "the terminal is not enrolled yet")
    token = s.hq.admin("enrol-token", "--shop", "1").strip()
    s.terminal.give_token(token)
    s.till.call("sync")
    status = s.till.wait_status(lambda now: now["terminal"] != 0, 30)
    story.claim(status, "it enrols with a one-time token and its own key",
                s.till.call("status")["hq"])
    status = s.till.wait_status(
        lambda now: now["store"]["members"] == MEMBERS and now["programme"], 60)
    story.claim(status and status["programme"]["version"] == 1,
                f"it pulls the programme and {MEMBERS} members", s.till.call("status"))
    status = s.till.wait_status(lambda now: now["reader"]["ready"] == 1, 10)
    story.claim(status, "its card reader is there", s.till.call("status")["reader"])


def chapter_2(s):
    story = s.story
    story.chapter("2. A member swipes, buys, and moves up a tier")
    s.screen = Screen(s.terminal.till)
    with open(STORY / "members.csv", encoding="utf-8") as file:
        known = next(csv.DictReader(file))
    assert known["card"] == CARD[1]
    story.claim(s.screen.shows("everything is at head office"), "the cashier's screen is up")
    member = s.swipe_card(CARD[1])
    story.claim(member.get("name") == known["name"], "a swipe says the right name", member)
    story.claim(member.get("tier", {}).get("code") == "P", "the right tier", member.get("tier"))
    story.claim(member.get("points") == int(known["points"]), "the right points",
                member.get("points"))
    story.claim(s.screen.shows(known["name"]), "the cashier's screen shows the name")
    before = member["points"]
    quote = s.till.call("quote", member=member["member"], points=0,
                        lines=[{"sku": "basket", "amount_minor": 12850}])
    story.claim(quote["earned_points"] == 128, "128.50 will earn 128 points, says the quote", quote)
    receipt = s.sell(member, 12850)
    story.claim(receipt["earned_points"] == 128 and receipt["member"]["points"] == before + 128,
                "the sale earns 128 points", receipt)
    first_ref = f"R{SEED}-001"
    held = s.files_with(first_ref, "/data/tally/journal")
    story.claim(held, "the sale is in the terminal's journal", held)
    again = s.sell(member, 12850, ref=first_ref)
    story.claim(again["repeated"] and again["event"] == receipt["event"] and
                again["member"]["points"] == before + 128,
                "the same sale sent again gets the same receipt, and nothing twice", again)
    s.screen.keys("Escape")
    s.swipe_card(CARD[1])
    story.claim(s.screen.shows(known["name"], f"{before + 128:,}"),
                "the screen shows the new points")
    s.screen.keys("1", "2", "8", "5", "0")
    story.claim(s.screen.shows("128.50", "128"), "the screen quotes the same sale: 128 points")
    s.screen.keys("Escape")
    sold = 12850
    while receipt["member"]["tier"]["code"] == "P" and sold < 100000:
        receipt = s.sell(member, 10000)
        sold += 10000
    story.claim(receipt["member"]["tier"]["code"] == "IP" and sold - 10000 < 50000 <= sold,
                f"after sales of {sold / 100:.2f} the tier turns to IP", receipt["member"]["tier"])
    receipt = s.sell(member, 10000)
    story.claim(receipt["earned_points"] == 110, "the next sale earns with IP's multiplier: 110",
                receipt["earned_points"])


def lots_of(s, member):
    return [(lot["drawer"], lot["expires"], lot["points"]) for lot in s.member(member)["lots"]]


def chapter_3(s):
    story = s.story
    story.chapter("3. Points pay for a part of a sale; the sale is voided")
    member = s.swipe_card(CARD[3])
    before = s.member(member)
    story.claim(before["points_here"] == 0, "all of this member's points are in head office's drawer",
                before)
    receipt = s.sell(member, 20000, points=100)
    story.claim(receipt["redeemed_points"] == 100 and receipt["redeemed_minor"] == 100,
                "100 points pay 1.00 of a sale: drawn from head office, redeemed here", receipt)
    s.sell(member, 5000)
    ref = story.next_ref()
    lots = lots_of(s, member)
    receipt = s.sell(member, 20000, points=100, ref=ref)
    during = lots_of(s, member)
    story.claim(during != lots, "100 points more pay for another sale", during)
    undone = s.till.call("void", ref=story.next_ref(), sale_ref=ref, cashier="story")
    story.claim(undone["redeemed_points"] == -100 and lots_of(s, member) == lots,
                "the sale is voided: the points are back in the same lots", lots_of(s, member))
    twice = s.till.call("void", ref=story.next_ref(), sale_ref=ref, cashier="story")
    story.claim(twice["repeated"] and lots_of(s, member) == lots, "voided twice is voided once",
                twice)
    try:
        s.sell(member, 1000000, points=400000)
        story.claim(False, "more points than there are is refused")
    except shop.Refused as refused:
        story.claim(refused.status == "TALLY_E_POINTS_SHORT",
                    "more points than there are is refused", refused)


def chapter_4(s):
    story = s.story
    story.chapter("4. An unknown card becomes a member at the till")
    answer = s.swipe_card(UNKNOWN_CARD)
    story.claim(answer.get("status") == "TALLY_E_UNKNOWN_CARD" and answer.get("card"),
                "an unknown card of ours is said to be unknown", answer)
    member = s.till.call("enrol", card=answer["card"], name="Nora Newcomer", phone="")
    story.claim(member["name"] == "Nora Newcomer", "it is enrolled with a name", member)
    receipt = s.sell(member, 9990)
    story.claim(receipt["earned_points"] == 99 and receipt["member"]["points"] == 99,
                "it earns at once", receipt)
    member = s.swipe_card(UNKNOWN_CARD)
    story.claim(member.get("name") == "Nora Newcomer", "its next swipe says the name", member)


def chapter_5(s):
    story = s.story
    story.chapter("5. A damaged stripe, and a payment card")
    answer = s.swipe("--track2", f";{CARD[1]}=4912?", "--damage")["params"]
    story.claim(answer.get("status") == "TALLY_E_CARD_UNREADABLE",
                "a damaged stripe is not guessed at: swipe again", answer)
    story.claim(s.screen.shows("wipe again"), "the screen says so")
    answer = s.swipe("--track1", f"%B{PAYMENT_PAN}^CARD/TEST^49121010000?",
                     "--track2", f";{PAYMENT_PAN}=49121010000?")["params"]
    story.claim(answer.get("status") == "TALLY_E_PAYMENT_CARD",
                "a payment card is refused as one", answer)
    story.claim(s.screen.shows("ayment card"), "the screen says so")


def chapter_5_cable(s):
    story = s.story
    story.chapter("   The reader's cable is pulled in the middle of a report")
    shop.swipe(s.terminal.head, "--command", "unplug-mid-report")
    shop.swipe(s.terminal.head, "--track2", f";{CARD[1]}=4912?")
    status = s.till.wait_status(lambda now: now["reader"]["ready"] == 0, 10)
    story.claim(status, "the terminal notices that its reader is gone")
    half = s.till.wait("member", limit_s=0.5)  # "swipe again" may come: that swipe was lost
    story.claim(half is None, "no half card comes of it", half)
    member = s.till.call("identify", text=CARD[5])
    story.claim(member["tier"]["code"] == "3xVIP", "a typed card works without a reader", member)
    shop.swipe(s.terminal.head, "--command", "plug")
    status = s.till.wait_status(lambda now: now["reader"]["ready"] == 1, 10)
    story.claim(status, "plugged in again, the reader is back by itself")
    member = s.swipe_card(CARD[1])
    story.claim(member.get("tier"), "and reads the next swipe", member)


def chapter_6(s):
    story = s.story
    story.chapter("6. Head office is gone, and the power goes in the middle of a sale")
    member = s.swipe_card(CARD[2])
    s.till.wait_status(lambda now: now["store"]["pending"] == 0, 10)
    s.hq.stop()
    status = s.till.wait_status(lambda now: now["hq"]["state"] != "up", 10)
    story.claim(status, "the terminal notices that head office is gone")
    before = s.member(member)
    answered = [s.sell(member, 3300), s.sell(member, 4400)]
    expected = before["points"] + sum(receipt["earned_points"] for receipt in answered)
    story.claim(answered[-1]["member"]["points"] == expected, "two sales are answered offline",
                answered[-1]["member"])
    cut_ref = story.next_ref()
    s.till.send("sale", ref=cut_ref, member=member["member"], points=0, cashier="story",
                lines=[{"sku": "basket", "amount_minor": 5500}])
    delay_ms = story.random.randrange(0, 12)
    time.sleep(delay_ms / 1000)  # the power goes at a moment drawn from the seed
    s.terminal.kill()
    s.till.close()
    story.tell(f"power cut {delay_ms} ms into the third sale (seed {SEED})")
    s.screen.close()
    s.terminal.start(s.hq)
    s.connect()
    again = [s.sell(member, amount, ref=ref) for ref, amount in
             ((f"R{SEED}-{story.refs - 2:03d}", 3300), (f"R{SEED}-{story.refs - 1:03d}", 4400))]
    story.claim(all(receipt["repeated"] for receipt in again) and
                [receipt["event"] for receipt in again] ==
                [receipt["event"] for receipt in answered],
                "after the power cut every answered sale is there")
    now = s.member(member)
    whole = 55 * now["tier"]["multiplier_pct"] // 100
    story.claim(now["points"] in (expected, expected + whole),
                "the third sale is wholly there or not at all", now["points"] - expected)
    receipt = s.sell(member, 5500, ref=cut_ref)
    story.tell("the third sale " + ("was durable" if receipt["repeated"] else "was not durable") +
               "; the till sends it again")
    story.claim(receipt["member"]["points"] == expected + whole,
                "sent again, it counts once", receipt)
    checked = s.till.call("verify", limit_s=60)
    story.claim(checked["equal"], "the terminal's state equals a fold of its journal", checked)


def chapter_7(s):
    story = s.story
    story.chapter("7. Head office comes back")
    s.hq.start()
    started = time.monotonic()
    status = s.till.wait_status(
        lambda now: now["hq"]["state"] == "up" and now["store"]["pending"] == 0, 20)
    took = time.monotonic() - started
    story.claim(status and took < 5, "within 5 s everything is at head office", f"{took:.1f} s")
    sold = s.export("sales")
    refs = [row["ref"] for row in sold]
    story.claim(sorted(refs) == sorted(s.story.sales), "every sale is there exactly once",
                set(refs) ^ set(s.story.sales))
    right = all(int(row["total_minor"]) == s.story.sales[row["ref"]][1] and
                int(row["earned_points"]) == s.story.sales[row["ref"]][2]["earned_points"]
                for row in sold)
    story.claim(right, "with the amounts and points of the receipts")
    accounts = {row["account"]: int(row["points"]) for row in s.export("accounts")}
    touched = {account for account, _, _ in s.story.sales.values()}
    differ = [account for account in touched
              if s.till.call("member", member=account)["points"] != accounts[account]]
    story.claim(not differ, "per account, head office's points are what the terminal shows", differ)
    verified = s.hq.admin("verify")
    story.claim(True, f"head office's chains verify: {verified.strip().splitlines()[-1]}")
    before = {what: s.hq.admin("export", "--what", what) for what in ("sales", "accounts", "events")}
    # Without its LMDB the terminal knows its journal, but no longer what head office has of it.
    s.terminal.sh("kill $(pidof tallyd); rm -f /data/tally/*.mdb*; true")
    s.till.close()
    s.connect()
    status = s.till.wait_status(
        lambda now: now["hq"]["state"] == "up" and now["store"]["pending"] == 0 and
        now["store"]["members"] > MEMBERS, 30)
    story.claim(status, "with its state lost, the terminal rebuilds it and pushes its journal again",
                s.till.call("status"))
    after = {what: s.hq.admin("export", "--what", what) for what in before}
    story.claim(after == before, "the second push changes nothing")
    checked = s.till.call("verify", limit_s=60)
    story.claim(checked["equal"], "and the rebuilt state equals the journal", checked)


def refused_tls(s, context):
    """Whether head office refuses this client: no HTTP/2 answer comes."""
    try:
        with socket.create_connection(("127.0.0.1", s.hq.port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="tallyhq") as tls:
                tls.settimeout(5)
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                return tls.recv(64) == b""
    except (ssl.SSLError, ConnectionError):
        return True
    except socket.timeout:
        return False


def chapter_8(s):
    story = s.story
    story.chapter("8. Strangers at head office's door")
    context = ssl.create_default_context(cafile=None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    story.claim(refused_tls(s, context), "a client with no certificate is refused")
    key, certificate = STORY / "stranger.key", STORY / "stranger.pem"
    shop.output_of("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                   "-days", "1", "-subj", "/CN=stranger", "-addext",
                   "subjectAltName=URI:tally:terminal:1", "-addext", "extendedKeyUsage=clientAuth",
                   "-addext", "keyUsage=critical,digitalSignature", "-addext",
                   "basicConstraints=critical,CA:FALSE")
    context.load_cert_chain(certificate, key)
    story.claim(refused_tls(s, context), "a client with a certificate of another CA is refused")
    try:
        connection = http.client.HTTPConnection("127.0.0.1", s.hq.port, timeout=5)
        connection.request("GET", "/")
        refused = connection.getresponse().status >= 400
    except (http.client.HTTPException, OSError):
        refused = True
    story.claim(refused, "a plain-text client is refused")
    member = s.swipe_card(CARD[4])
    s.sell(member, 7700)
    status = s.till.wait_status(lambda now: now["store"]["pending"] == 0, 10)
    story.claim(status, "head office and the terminal go on")


def chapter_9(s):
    story = s.story
    story.chapter("Last: the payment card's digits, searched for everywhere")
    s.terminal.sh("sync")
    places = "/data /run /tmp /etc"
    planted = next(iter(story.sales))
    found = s.files_with(planted, places)
    story.claim(any("journal" in path for path in found),
                "the search finds what is there (a sale's reference)", found)
    found = s.files_with(PAYMENT_PAN, places)
    story.claim(not found, "not in the terminal's journal, LMDB file or logs", found)
    s.terminal.stop()
    s.hq.stop()

    def hits(text):
        return [path.name for path in sorted(STORY.rglob("*"))
                if path.is_file() and text.encode() in path.read_bytes()]

    story.claim({s.terminal.disk.name, "data.mdb"} & set(hits(planted)),
                "a search from outside finds that reference too", hits(planted))
    story.claim(not hits(PAYMENT_PAN), "not on the terminal's raw disk, in the packets to head office, "
                "in head office's files or in any log", hits(PAYMENT_PAN))


def main():
    shop.need("tmux")
    s = Shop()
    s.terminal.tool("kill", check=False)
    shutil.rmtree(STORY, ignore_errors=True)
    STORY.mkdir(parents=True)
    started = time.monotonic()
    print(f"The story of a terminal (seed {SEED}; TALLY_SEED=N replays another)")
    try:
        for chapter in (chapter_1, chapter_2, chapter_3, chapter_4, chapter_5, chapter_5_cable,
                        chapter_6, chapter_7, chapter_8, chapter_9):
            chapter(s)
    except (shop.Failed, shop.Refused, OSError) as error:
        s.story.claim(False, f"the story goes on: {error}")
    finally:
        if s.screen is not None:
            s.screen.close()
        s.terminal.tool("kill", check=False)
        s.hq.stop()
    took = time.monotonic() - started
    print(f"\n{s.story.claims - s.story.failed} passed, {s.story.failed} failed "
          f"({took:.0f} s; files are in {STORY.relative_to(shop.TOP)})")
    return 1 if s.story.failed else 0


if __name__ == "__main__":
    sys.exit(main())
