# SPDX-License-Identifier: Apache-2.0
"""Starts a shop and puts the cashier's screen into this terminal window."""

import argparse
import fcntl
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time

import shop

DEMO = shop.TOP / "build/demo"
MEMBERS = 1000
STOPS = {signal.SIGHUP: "the window is gone", signal.SIGTERM: "asked to end"}


def say(text, end="\n"):
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        pass  # the window is gone; what is left to do must be done all the same


class Step:
    """Names what is going on, then says how long it took."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.started = time.monotonic()
        say(f"{self.name} ...", end="")

    def __exit__(self, kind, error, trace):
        took = time.monotonic() - self.started
        say(f" {'ok' if kind is None else 'FAILED'} ({took:.1f} s)")


def end_left_behind(folder):
    """Ends the programs of a run that was killed; a number that went to another program is left alone."""
    noted = folder / "pids"
    for pid in noted.read_text().split() if noted.exists() else []:
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if str(folder).encode() in command:
                watch = os.pidfd_open(int(pid))
                os.kill(int(pid), signal.SIGTERM)
                select.select([watch], [], [], 20)
                os.close(watch)
        except (FileNotFoundError, ProcessLookupError):
            pass  # gone
    noted.unlink(missing_ok=True)


def note_pid(folder, process):
    with open(folder / "pids", "a", encoding="utf-8") as noted:
        noted.write(f"{process.pid}\n")


def open_head_office(hq, is_new):
    if is_new:
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
            if not till.wait_status(
                    lambda now: now["programme"] and now["store"]["members"] >= MEMBERS, 60):
                raise shop.Failed(f"not all members are here: {till.call('status')}")
    if terminal.head is not None:
        with Step("terminal: finds its card reader"):
            if not till.wait_status(lambda now: now["reader"]["ready"] > 0, 30):
                raise shop.Failed(f"no reader: {till.call('status')['reader']}")
    till.close()


def show_screen(terminal):
    command = [str(shop.PROGRAMS / "tally"), "--socket", terminal.till, "screen"]
    if terminal.head is not None:
        command += ["--tray", str(shop.TRAY), "--head", terminal.head]
    return subprocess.call(command)


def run_shop(folder, hq, terminal, is_new):
    """From the first step to the cashier's Q; the exit status."""
    try:
        open_head_office(hq, is_new)
        note_pid(folder, hq.process)
        (folder / "set-up").touch()
        open_terminal(hq, terminal)
        if isinstance(terminal, shop.NativeTerminal):
            note_pid(folder, terminal.process)
        return show_screen(terminal)
    except (shop.Failed, shop.Refused, OSError) as error:
        say(f"{error.filename} is missing" if isinstance(error, FileNotFoundError) else error)
        say(f"What to do: read the above; the logs are in {os.path.relpath(folder, shop.TOP)}.\n"
            "'tools/run' builds what is missing; 'tools/run --fresh' begins with a new shop.")
        return 1
    except KeyboardInterrupt:
        say("\nstopped by Ctrl-C")
        return 130
    finally:
        for number in (*STOPS, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with Step("everything stops"):
            terminal.stop()
            hq.stop()
        (folder / "pids").unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--native", action="store_true", help="tallyd here, no VM")
    parser.add_argument("--fresh", action="store_true", help="begin with a new shop")
    options = parser.parse_args()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("The cashier's screen needs a terminal window, and this is none.\n"
            "What to do: run it in one, or try: tools/run --once")
        return 1
    for number, why in STOPS.items():
        signal.signal(number, lambda *_, why=why: sys.exit(f"stopped: {why}"))
    folder = DEMO / ("native" if options.native else "vm")
    DEMO.mkdir(parents=True, exist_ok=True)
    lock = open(f"{folder}.lock", "w", encoding="utf-8")  # held until this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("This shop is open already, in another window.\n"
            "What to do: go on there, or press Q there first.")
        return 1
    hq = shop.HeadOffice(folder / "hq")
    terminal = (shop.NativeTerminal if options.native else shop.VirtualTerminal)(folder)
    if not options.native and "TALLY_VM_RUN" not in os.environ:
        # Where tools/vm/cable and its neighbours look without being told.
        terminal.run = shop.TOP / "build/vm/run"
        terminal.environment["TALLY_VM_RUN"] = str(terminal.run)
        say("In another shell 'tools/vm/cable out' pulls the line to head office.")
    terminal.stop()  # one that a killed run has left
    end_left_behind(folder)
    is_new = options.fresh or not (folder / "set-up").exists()
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)
    status = run_shop(folder, hq, terminal, is_new)
    if status == 0:
        say("The shop is kept. 'tools/run' goes on with it, 'tools/run --fresh' begins anew.")
    return status


if __name__ == "__main__":
    sys.exit(main())
