# SPDX-License-Identifier: Apache-2.0
"""Starts a shop and puts the cashier's screen into this terminal window."""

import argparse
import os
import shutil
import subprocess
import sys
import time

import shop

DEMO = shop.TOP / "build/demo"
MEMBERS = 1000


def say(text):
    print(text, file=sys.stderr, flush=True)


class Step:
    """Names what is going on, then says how long it took."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.started = time.monotonic()
        print(f"{self.name} ...", end="", file=sys.stderr, flush=True)

    def __exit__(self, kind, error, trace):
        took = time.monotonic() - self.started
        say(f" {'ok' if kind is None else 'FAILED'} ({took:.1f} s)")


def open_head_office(hq):
    if not hq.data.exists():
        with Step("head office: keys and an empty store"):
            hq.set_up()
        with Step("head office: programme"):
            hq.admin("programme", "publish", shop.PROGRAMME)
        with Step(f"head office: {MEMBERS} sample members"):
            members = hq.folder / "members.csv"
            members.write_text(shop.sample_members(MEMBERS))
            hq.admin("members", "import", members)
    with Step("head office: listening"):
        hq.start()


def open_terminal(hq, terminal):
    with Step("terminal: switched on"):
        terminal.start(hq)
        till = shop.Till(terminal.till)
    status = till.call("status")
    if status["terminal"] == 0:
        with Step("terminal: enrols with a one-time token"):
            terminal.give_token(hq.admin("enrol-token", "--shop", "1").strip())
            till.call("sync")
            if not till.wait_status(lambda now: now["terminal"] != 0, 30):
                raise shop.Failed(f"not enrolled: {till.call('status')['hq']}")
        with Step("terminal: fetches programme and members"):
            if not till.wait_status(lambda now: now["store"]["members"] >= MEMBERS, 60):
                raise shop.Failed(f"not all members are here: {till.call('status')}")
    till.close()


def show_screen(terminal):
    command = [str(shop.PROGRAMS / "tally"), "--socket", terminal.till, "screen"]
    if terminal.head is not None:
        command += ["--tray", str(shop.TRAY), "--head", terminal.head]
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("This is no terminal window, so the screen can't be shown. Try: tools/run --once")
        return 1
    return subprocess.call(command)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--native", action="store_true", help="tallyd here, no VM")
    parser.add_argument("--fresh", action="store_true", help="begin with a new shop")
    options = parser.parse_args()
    folder = DEMO / ("native" if options.native else "vm")
    hq = shop.HeadOffice(folder / "hq")
    terminal = (shop.NativeTerminal if options.native else shop.VirtualTerminal)(folder)
    terminal.stop()  # one that a killed run has left
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        open_head_office(hq)
        open_terminal(hq, terminal)
        return show_screen(terminal)
    except shop.Failed as error:
        say(f"{error}\nWhat to do: read the above; 'tools/run --fresh' begins with a new shop. "
            f"Logs are in {os.path.relpath(folder, shop.TOP)}.")
        return 1
    finally:
        with Step("everything stops"):
            terminal.stop()
            hq.stop()


if __name__ == "__main__":
    sys.exit(main())
