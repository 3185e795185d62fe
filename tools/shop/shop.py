# SPDX-License-Identifier: Apache-2.0
"""A shop on one machine: head office, a terminal (in the VM or native) and a till, as objects that
the demonstration and the story share. Everything is driven through the same programs and sockets
that a shop uses."""

import json
import os
import pathlib
import queue
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("TALLY_PROGRAMS", TOP / "build/release/bin"))
PROGRAMME = TOP / "app/programme/samples/club.json"
TRAY = TOP / "app/cashier/samples/tray.ini"
HQ_NAMES = "tallyhq,10.0.2.2,127.0.0.1"


class Failed(Exception):
    """Something that a person has to look at; the text says what to do."""


def output_of(*command, check=True, **options):
    """The standard output of a command, as text. No command here takes minutes."""
    try:
        done = subprocess.run(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, stdin=subprocess.DEVNULL, timeout=120, **options)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no end after {error.timeout} s: {error.cmd}") from error
    if check and done.returncode != 0:
        raise Failed(f"{command[0]} left with {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.stdout


class HeadOffice:
    """tallyhq with its data folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "tallyhq.log"
        self.process = None
        self.port = self.enrol_port = 0

    def admin(self, *words, **options):
        return output_of(PROGRAMS / "tallyhq", "--data", self.data, *words, **options)

    def set_up(self):
        """An empty head office."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.admin("init", "--name", HQ_NAMES)

    def start(self):
        """Serves; on the ports of the time before, if there was one."""
        self.process = subprocess.Popen(
            [PROGRAMS / "tallyhq", "--data", self.data, "serve", "--listen", "127.0.0.1",
             "--port", str(self.port), "--enrol-port", str(self.enrol_port)],
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True, text=True)
        listening = queue.Queue()
        threading.Thread(target=self.keep_log, args=(self.process.stderr, listening),
                         daemon=True).start()
        try:
            self.port, self.enrol_port = listening.get(timeout=20)
        except queue.Empty:
            self.stop()
        if self.process is None or self.port is None:
            raise Failed(f"head office does not listen; its log is {self.log}:\n"
                         f"{self.log.read_text()[-2000:]}")

    def keep_log(self, lines, listening):
        """Its log lines into a file; the one that names its ports into the queue."""
        with lines, open(self.log, "a", encoding="utf-8") as log:
            for line in lines:
                log.write(line)
                log.flush()
                ports = re.search(r"listens .* sync port (\d+), enrolment port (\d+)", line)
                if ports:
                    listening.put((int(ports[1]), int(ports[2])))
        listening.put((None, None))

    def stop(self):
        """Its exit status; None if it did not run."""
        process, self.process = self.process, None
        return end(process)


def end(process):
    """Ends a process the clean way; its exit status, None where there was none."""
    if process is None:
        return None
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def replace_certificate(hq, names, days_from, days_to):
    """Gives a stopped head office another server certificate, signed by its own CA with openssl: for
    trying what a terminal makes of a wrong name or of an expired one. Returns it as PEM."""
    keys, work = hq.data / "keys", hq.folder / "ca"
    work.mkdir(exist_ok=True)
    (work / "index.txt").write_text("")
    now = time.time()
    stamp = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now + days * 86400))
             for days in (days_from, days_to)]
    (work / "ca.conf").write_text(f"""[ca]
default_ca = hq
[hq]
database = {work}/index.txt
new_certs_dir = {work}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
unique_subject = no
[any]
commonName = supplied
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
""")
    output_of("openssl", "req", "-new", "-key", keys / "hq.key", "-subj", "/CN=tallyhq", "-out",
              work / "hq.csr")
    output_of("openssl", "x509", "-inform", "DER", "-in", keys / "ca.crt", "-out", work / "ca.pem")
    output_of("openssl", "ca", "-batch", "-notext", "-config", work / "ca.conf", "-keyfile",
              keys / "ca.key", "-cert", work / "ca.pem", "-startdate", stamp[0], "-enddate",
              stamp[1], "-in", work / "hq.csr", "-out", work / "hq.pem")
    output_of("openssl", "x509", "-in", work / "hq.pem", "-outform", "DER", "-out",
              keys / "hq.crt")
    return work / "hq.pem"


class VirtualTerminal:
    """The ARM terminal in the VM: tools/vm with a run folder and a disk of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.run = self.folder / "vm"
        self.disk = self.folder / "terminal.ext4"
        self.environment = dict(os.environ, TALLY_VM_RUN=str(self.run))
        self.ports = {}

    def tool(self, name, *words, check=True):
        return output_of(TOP / "tools/vm" / name, *words, env=self.environment, check=check)

    def start(self, hq):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tool("start", "--data", self.disk, "--hq-port", hq.port, "--enrol-port", hq.enrol_port)
        self.ports = dict(line.split("=") for line in (self.run / "ports").read_text().split())

    def give_token(self, token):
        self.tool("sh", f"umask 077; echo {token} > /data/token")

    def sh(self, command, check=True):
        return self.tool("sh", command, check=check)

    def stop(self):
        self.tool("stop", check=False)

    def kill(self):
        self.tool("kill")

    @property
    def till(self):
        return f"127.0.0.1:{self.ports['till']}"

    @property
    def head(self):
        return f"127.0.0.1:{self.ports['reader']}"


class NativeTerminal:
    """tallyd on this machine, with the readers that are plugged into it."""

    CONFIG = """[store]
dir = {folder}/data
[till]
socket = {folder}/till.sock
[reader]
enabled = {readers}
[hq]
host = 127.0.0.1
port = {port}
enrol_port = {enrol_port}
token_file = {folder}/token
"""

    def __init__(self, folder, readers=True):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "tallyd.log"
        self.readers = readers
        self.process = None
        self.head = None

    def start(self, hq):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "tallyd.conf"
        config.write_text(self.CONFIG.format(
            folder=self.folder, port=hq.port, enrol_port=hq.enrol_port,
            readers="yes" if self.readers else "no"))
        with open(self.log, "a", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [PROGRAMS / "tallyd", "--config", str(config)], stderr=out, stdout=out,
                stdin=subprocess.DEVNULL, start_new_session=True)

    def give_token(self, token):
        path = self.folder / "token"
        path.touch(mode=0o600)
        path.write_text(token + "\n")

    def stop(self):
        process, self.process = self.process, None
        return end(process)

    @property
    def till(self):
        return str(self.folder / "till.sock")


class Refused(Exception):
    """The till API's answer is an error; `status` is the status's name."""

    def __init__(self, error):
        super().__init__(f"{error.get('message')} {error.get('data')}")
        self.status = (error.get("data") or {}).get("status", "")


class Till:
    """A till: one connection to tallyd's API, with calls and notifications."""

    def __init__(self, address, limit_s=20):
        deadline = time.monotonic() + limit_s
        self.socket = None
        while True:
            try:
                self.connect(address)
                return
            except OSError as error:
                if self.socket is not None:
                    self.socket.close()
                if time.monotonic() > deadline:
                    raise Failed(f"no till API at {address}: {error}") from error
                select.select([], [], [], 0.1)  # nothing on this side tells when a socket appears

    def connect(self, address):
        if ":" in address:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), 10)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address)
        self.pending = b""
        self.notifications = []
        self.last_id = 0
        self.call("subscribe")

    def close(self):
        self.socket.close()

    def send(self, method, **params):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.last_id

    def line(self, deadline):
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                raise OSError("tallyd closed the connection")
            self.pending += data
        text, self.pending = self.pending.split(b"\n", 1)
        return json.loads(text)

    def call(self, method, limit_s=20, **params):
        number = self.send(method, **params)
        deadline = time.monotonic() + limit_s
        while True:
            message = self.line(deadline)
            if message is None:
                raise OSError(f"no answer to {method} in {limit_s} s")
            if "id" not in message:
                self.notifications.append(message)
            elif message["id"] == number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]

    def wait(self, *methods, limit_s=20, until=lambda params: True):
        """The next notification of one of these kinds for which `until` holds; None in vain."""
        deadline = time.monotonic() + limit_s
        while True:
            while self.notifications:
                message = self.notifications.pop(0)
                if message["method"] in methods and until(message["params"]):
                    return message
            message = self.line(deadline)
            if message is None:
                return None
            if "id" not in message:
                self.notifications.append(message)

    def wait_status(self, until, limit_s=20):
        """The status for which `until` holds, asked now and then told by tallyd; None in vain."""
        status = self.call("status")
        if until(status):
            return status
        # What was told before the answer is older than it.
        self.notifications = [message for message in self.notifications
                              if message["method"] != "status"]
        message = self.wait("status", limit_s=limit_s, until=until)
        return message and message["params"]


def sample_members(count):
    """Invented members as CSV, the same ones each time."""
    return output_of("/usr/bin/python3", TOP / "tools/members/tally-sample-members", str(count))


def swipe(head, *words):
    """A swipe at the reader's head; what the reader said."""
    return output_of(PROGRAMS / "tally-swipe", *words, "--head", head)


def need(program):
    if shutil.which(program) is None:
        raise Failed(f"{program} is missing; run tools/install")
