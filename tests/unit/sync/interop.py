#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stock gRPC client against our server: interop.py SERVER-PROGRAM. Exit 77: grpcio is not here."""
import os
import ssl
import subprocess
import sys
import tempfile

try:
    import grpc
except ImportError:
    print("python3-grpcio is not installed: not tried")
    sys.exit(77)


def pem(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        data = file.read()
    return ssl.DER_cert_to_PEM_cert(data).encode() if name.endswith(".der") else data


def same(bytes_):
    return bytes_


def expect(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return error
    raise AssertionError(f"not refused: {code}")


def run(directory, port):
    root = pem(directory, "root.der")
    me = grpc.ssl_channel_credentials(root, pem(directory, "terminal.key"),
                                      pem(directory, "terminal.der"))
    target = f"localhost:{port}"
    with grpc.secure_channel(target, me, [("grpc.enable_http_proxy", 0)]) as channel:
        method = lambda name: channel.unary_unary("/tally.v1.Hq/" + name, same, same)
        assert method("Echo")(b"hello", timeout=20) == b"hello"
        assert method("Echo")(b"", timeout=20) == b""
        big = bytes(range(256)) * 12000
        assert method("Echo")(big, timeout=20) == big
        for number in range(200):
            assert method("Echo")(b"%d" % number, timeout=20) == b"%d" % number
        waiting = [method("Echo").future(b"x" * n, timeout=20) for n in range(200)]
        assert [len(future.result()) for future in waiting] == list(range(200))
        expect(grpc.StatusCode.UNIMPLEMENTED, lambda: method("Nothing")(b"", timeout=20))
        error = expect(grpc.StatusCode.FAILED_PRECONDITION, lambda: method("Refuse")(b"", timeout=20))
        assert error.details() == "100% \u7a7a", error.details()
        expect(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: method("Wait")(b"", timeout=0.3))
        expect(grpc.StatusCode.UNIMPLEMENTED,
               lambda: channel.unary_unary("/tally.v1.Hq/Echo", same, same)(
                   b"z" * 5000, timeout=20, compression=grpc.Compression.Gzip))
        stream = channel.unary_stream("/tally.v1.Hq/Stream", same, same)
        assert [len(part) for part in stream(b"", timeout=60)] == [20000] * 100
        half = stream(b"", timeout=60)
        next(half)
        half.cancel()
        assert method("Echo")(b"after", timeout=20) == b"after"

    for bad in (grpc.ssl_channel_credentials(root),
                grpc.ssl_channel_credentials(root, pem(directory, "hq.key"),
                                             pem(directory, "hq.der"))):
        with grpc.secure_channel(target, bad, [("grpc.enable_http_proxy", 0)]) as channel:
            expect(grpc.StatusCode.UNAVAILABLE,
                   lambda: channel.unary_unary("/tally.v1.Hq/Echo", same, same)(b"", timeout=20))
    with grpc.secure_channel(target, me, [("grpc.enable_http_proxy", 0)]) as channel:
        assert channel.unary_unary("/tally.v1.Hq/Echo", same, same)(b"on", timeout=20) == b"on"


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen([*sys.argv[1:], directory], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        try:
            run(directory, int(server.stdout.readline()))
        finally:
            server.stdin.close()
            code = server.wait(timeout=30)
        assert code == 0, code
    print("a stock gRPC client is served")


main()
