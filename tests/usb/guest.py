#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Readers on a real kernel: boots the ARM guest once and plays over its USB buses.

  guest.py --talk PROGRAM --programs DIR [--only NAME] [--keep-going]

  PROGRAM  usb_talk of this machine
  DIR      usb_terminal, usb_poke and tally-reader for arm64

In the guest are Debian's own kernel, its xHCI and HID drivers, usbfs, libusb and our hal room (usb_terminal).
The parts:

  usbredir   the conversations over QEMU's usb-redir, the device model here
  gadget     the conversations over tally-reader in each of its forms: FunctionFS on dummy_hcd
  keyboard   QEMU's own usb-kbd: keys pressed by QMP are a card's number
  ccid       QEMU's own usb-ccid with a card of ours behind its socket
  no-udevd   a reader is plugged in where no udevd runs

Needs tools/vm/build (build/vm) and build/roots/arm64. Files of the run: build/vm/readers/.
Leaves with 0 only if all parts hold.
"""
import argparse
import json
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
ROOT = TOP / "build/roots/arm64"
VM = TOP / "build/vm"
RUN = VM / "readers"
HERE = TOP / "tests/usb"
OURS = "60058541029558180"

# usbhid is there on purpose: on a real terminal the kernel's driver has the device first.
MODULES = ["virtio_mmio", "virtio_net", "xhci_hcd", "xhci_pci", "usbhid", "hid_generic", "dummy_hcd", "libcomposite",
           "usb_f_fs"]
READY_S = 90
PATIENCE_S = 30


class Wrong(Exception):
    """A claim that does not hold."""


# ---- the guest ----

def modules():
    """Files of the kernel modules in the order of their loading."""
    kernel = next((ROOT / "lib/modules").iterdir()).name
    command = ["/sbin/modprobe", "-d", ROOT, "-S", kernel, "--show-depends", "--all", *MODULES]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    files = [line.split()[1] for line in listing.splitlines() if line.startswith("insmod ")]
    return kernel, [pathlib.Path(file) for file in dict.fromkeys(files)]


def overlay(programs):
    """What the readers' guest has on top of tools/vm's: its init, its modules, our programs."""
    tree = RUN / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    kernel, files = modules()
    folder = tree / "usr/lib/modules" / kernel
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "etc").mkdir()
    folder.mkdir(parents=True)
    for file in files:
        if file.suffix == ".xz":
            with open(folder / file.stem, "wb") as out:
                subprocess.run(["xz", "-dc", file], check=True, stdout=out)
        else:
            shutil.copy(file, folder)
    names = [file.stem if file.suffix == ".xz" else file.name for file in files]
    (tree / "etc/readers.load").write_text("\n".join(names) + "\n")
    shutil.copy(HERE / "guest/init", tree / "etc/readers.init")
    for program in ("usb_terminal", "usb_poke", "tally-reader"):
        shutil.copy(programs / program, tree / "usr/bin")
    paths = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    packed = subprocess.run(["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0"], cwd=tree, check=True,
                            input="\n".join(paths).encode(), capture_output=True).stdout
    (RUN / "initramfs").write_bytes((VM / "initramfs").read_bytes() + packed)


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Guest:
    """One boot. QEMU ends with us, whatever happens."""

    def __init__(self, name, words=""):
        self.console = RUN / f"{name}.console.log"
        self.terminal, self.head, self.control, self.poke = free_ports(4)
        self.redir = str(RUN / f"{name}.redir")
        self.card = str(RUN / f"{name}.card")
        forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{ours}-10.0.3.15:{theirs}" for ours, theirs in
                            ((self.terminal, 7801), (self.head, 7802), (self.control, 7803), (self.poke, 7804)))
        for path in (self.redir, self.card, str(RUN / f"{name}.qmp")):
            pathlib.Path(path).unlink(missing_ok=True)
        self.console.write_text("")
        self.process = subprocess.Popen(
            ["qemu-system-aarch64", "-M", "virt,gic-version=max", "-accel", "tcg,thread=multi", "-cpu", "cortex-a53",
             "-smp", "2", "-m", "512", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-kernel", VM / "vmlinuz", "-initrd", RUN / "initramfs",
             "-append", "console=ttyAMA0 loglevel=4 panic=-1 mitigations=off nokaslr audit=0 lsm=capability "
                        f"cryptomgr.notests=1 rdinit=/etc/readers.init {words}",
             "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
             "-qmp", f"unix:{RUN}/{name}.qmp,server=on,wait=off",
             "-netdev", f"user,id=host,net=10.0.3.0/24,restrict=on,{forwards}",
             "-device", "virtio-net-device,netdev=host,mac=52:54:00:00:03:01",
             "-device", "qemu-xhci,id=bus",
             "-chardev", f"socket,id=redir,path={self.redir},server=on,wait=off",
             "-device", "usb-redir,chardev=redir,bus=bus.0",
             "-chardev", f"socket,id=card,path={self.card},server=on,wait=off"],
            stdin=subprocess.DEVNULL, stdout=open(RUN / f"{name}.qemu.log", "w"), stderr=subprocess.STDOUT)
        try:
            self.wait_ready()
            self.qmp = Qmp(f"{RUN}/{name}.qmp")
        except BaseException:
            self.end()
            raise

    def wait_ready(self):
        """The console says when; tail waits for the file's changes."""
        tail = subprocess.Popen(["timeout", str(READY_S), "tail", "-n", "+1", "-f", f"--pid={self.process.pid}",
                                 self.console], stdout=subprocess.PIPE, text=True, errors="replace")
        with tail.stdout:
            for line in tail.stdout:
                if "readers: ready" in line:
                    print(line.strip())
                    tail.terminate()
                    tail.wait()
                    return
        tail.wait()
        raise Wrong(f"the guest is not ready; its console says:\n{self.console.read_text(errors='replace')[-2000:]}")

    def sh(self, command):
        """Runs a command in the guest; its output. The last line on the wire is its exit status."""
        import base64
        with socket.create_connection(("127.0.0.1", self.control), PATIENCE_S) as line:
            line.sendall(base64.b64encode(command.encode()) + b"\n")
            out = b""
            while chunk := line.recv(65536):
                out += chunk
        body, _, status = out.rstrip(b"\n").rpartition(b"\n")
        if status != b"0":
            raise Wrong(f"in the guest: {command}: exit {status.decode()}: {body.decode(errors='replace')}")
        return body.decode(errors="replace")

    def end(self):
        self.process.kill()
        self.process.wait()


class Qmp:
    """QEMU's monitor: one JSON object a line, answers among events."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        return self.wait(lambda message: "return" in message or "error" in message)

    def wait(self, wanted):
        while True:
            message = json.loads(self.lines.readline())
            if wanted(message):
                if "error" in message:
                    raise Wrong(f"QEMU: {message['error']['desc']}")
                return message

    def plug(self, **device):
        self.do("device_add", bus="bus.0", **device)

    def unplug(self, name):
        """A USB device leaves at once; the answer may come after the event."""
        self.do("device_del", id=name)


class Terminal:
    """usb_terminal in the guest, line by line."""

    def __init__(self, guest):
        self.socket = socket.create_connection(("127.0.0.1", guest.terminal), PATIENCE_S)
        self.lines = self.socket.makefile("r")
        self.expect("open")

    def hear(self):
        try:
            return self.lines.readline().rstrip("\n")
        except TimeoutError:
            return f"nothing for {PATIENCE_S} s"

    def expect(self, *expected):
        for line in expected:
            heard = self.hear()
            if heard != line:
                raise Wrong(f"expected: {line}\n    heard:    {heard}")

    def order(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def end(self):
        self.order("quit")
        self.expect("closed")
        self.socket.close()


# ---- the conversations ----

def play(talk, table, *bus, port):
    """usb_talk prints each conversation, and how it went."""
    if subprocess.run([talk, HERE / table, *bus, f"127.0.0.1:{port}"]).returncode != 0:
        raise Wrong(f"{table}: failed, see above")


def play_both(talk, guest, *bus):
    play(talk, "conversations.txt", *bus, port=guest.terminal)
    play(talk, "requests.txt", *bus, port=guest.poke)


def part_usbredir(guest, talk):
    play_both(talk, guest, "usbredir", guest.redir)


# What the gadget can be plugged in as, and how tally-reader is started for that.
GADGETS = {"reader": "", "nfc-reader": "--slot virtual", "keyboard": "--form keyboard", "pos-reader": "--form page-8e"}


def part_gadget(guest, talk):
    for kind, options in GADGETS.items():
        guest.sh(f"setsid tally-reader {options} >/run/tally-reader.log 2>&1 </dev/null & "
                 "for i in $(seq 100); do grep -q ^ready /run/tally-reader.log && exit 0; usleep 50000; done; "
                 "cat /run/tally-reader.log; exit 1")
        try:
            bus = ("gadget", kind, f"127.0.0.1:{guest.head}")
            play(talk, "conversations.txt", *bus, port=guest.terminal)
            if kind == "reader":  # the controller gives the endpoints of the others numbers of its own
                play(talk, "requests.txt", *bus, port=guest.poke)
        finally:
            # Nobody reaps it, so it keeps its number; its program is let go when it has cleaned up.
            guest.sh("killall tally-reader; for pid in $(pidof tally-reader); do "
                     "while [ -e /proc/$pid/exe ]; do usleep 20000; done; done; cat /run/tally-reader.log")


# ---- devices that nobody here wrote ----

QCODES = {";": ["semicolon"], "=": ["equal"], "?": ["shift", "slash"], "%": ["shift", "5"], "\n": ["ret"]}


def type_text(guest, text):
    """Presses the keys of a keyboard with US layout, one after the other."""
    for character in text:
        keys = [{"type": "qcode", "data": key} for key in QCODES.get(character, [character])]
        guest.qmp.do("send-key", keys=keys, **{"hold-time": 10})


def part_keyboard(guest, _talk):
    terminal = Terminal(guest)
    terminal.order("wedge all")
    terminal.expect("set")
    guest.qmp.plug(driver="usb-kbd", id="keyboard")
    terminal.expect("ready 1")
    type_text(guest, f";{OURS}=9904?\n")
    terminal.expect(f"card number {OURS} static swiped")
    type_text(guest, ";4111111111111111=30011010000?\n")
    terminal.expect("refused TALLY_E_PAYMENT_CARD")
    guest.qmp.unplug("keyboard")
    terminal.expect("state TALLY_E_READER_GONE 0")
    terminal.end()


class Card:
    """The other end of ccid-card-passthru: a card that answers APDUs (VSC messages, big-endian: type, reader id,
    length)."""

    INIT, ERROR, READER_ADD, _, ATR, REMOVE, APDU = range(1, 8)
    MAGIC = 0x56534344  # "VSCD"

    def __init__(self, path, answer):
        self.answer = answer
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.send(self.INIT, struct.pack(">III", self.MAGIC, 2, 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def send(self, kind, body=b""):
        self.socket.sendall(struct.pack(">III", kind, 0, len(body)) + body)

    def read(self, count):
        held = b""
        while len(held) < count:
            chunk = self.socket.recv(count - len(held))
            if not chunk:
                return None
            held += chunk
        return held

    def serve(self):
        while header := self.read(12):
            kind, _, length = struct.unpack(">III", header)
            body = self.read(length) if length else b""
            if kind == self.APDU:
                self.heard.append(body)
                self.send(self.APDU, self.answer(body))

    def insert(self):
        self.send(self.READER_ADD, b"tally")
        self.send(self.ATR, bytes.fromhex("3b8180018080"))

    def remove(self):
        self.send(self.REMOVE)


def part_ccid(guest, _talk):
    guest.qmp.plug(driver="usb-ccid", id="ccid")
    guest.qmp.do("device_add", driver="ccid-card-passthru", id="card", chardev="card", bus="ccid.0")
    card = Card(guest.card, lambda apdu: bytes.fromhex("6a82"))
    terminal = Terminal(guest)
    terminal.expect("ready 1")
    card.insert()
    terminal.expect("refused TALLY_E_UNKNOWN_CARD")
    if not card.heard:
        raise Wrong("no APDU has reached the card")
    for apdu in card.heard:
        print(f"    the card was asked: {apdu.hex()}")
    card.remove()
    guest.qmp.unplug("ccid")
    terminal.expect("state TALLY_E_READER_GONE 0")
    terminal.end()


def part_no_udevd(_guest, talk):
    guest = Guest("no-udevd", "readers.udev=no")
    try:
        if guest.sh("pidof systemd-udevd || echo none").strip() != "none":
            raise Wrong("udevd runs")
        # Bare libusb hears of nothing here: what is played is hal's own hot-plug.
        play(talk, "conversations.txt", "usbredir", guest.redir, port=guest.terminal)
    finally:
        guest.end()


PARTS = {"usbredir": part_usbredir, "gadget": part_gadget, "keyboard": part_keyboard, "ccid": part_ccid,
         "no-udevd": part_no_udevd}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talk", type=pathlib.Path, required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    RUN.mkdir(parents=True, exist_ok=True)
    overlay(options.programs)
    failed = []
    guest = Guest("readers")
    try:
        for name in options.only or PARTS:
            started = time.monotonic()
            try:
                PARTS[name](guest, options.talk)
                print(f"{name}: ok ({time.monotonic() - started:.1f} s)")
            except (Wrong, OSError) as wrong:
                failed.append(name)
                print(f"{name}: FAILED\n    {wrong}")
    finally:
        guest.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
