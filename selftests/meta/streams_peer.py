#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Peers of vmig_ferry that do not behave, and a stream that no driver should take.

    streams_peer.py forge FILE NEW
    streams_peer.py send ACT PORT FILE
    streams_peer.py recv ACT PORT
"""
import socket
import struct
import sys
import time

HEADER = 1024
PATIENCE = 30


def crc64(data):
    """CRC-64 as in .xz, the slow way."""
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def frame(kind, value=0, data=b""):
    return struct.pack("<4sIQ", kind, len(data), value) + data


def read_frame(sock):
    head = sock.recv(16, socket.MSG_WAITALL)
    kind, size, value = struct.unpack("<4sIQ", head)
    return kind, value, sock.recv(size, socket.MSG_WAITALL) if size else b""


def header(old, length, checksum):
    head = bytearray(old[:HEADER - 8])
    struct.pack_into("<QQ", head, 16, length, checksum)
    return bytes(head) + struct.pack("<Q", crc64(head))


def forge(old, new):
    """A file that is all right, of a stream that is not."""
    with open(old, "rb") as f:
        data = f.read()
    stream = bytearray(data[HEADER:HEADER + 3000])
    stream[40] ^= 0x55
    with open(new, "wb") as f:
        f.write(header(data, len(stream), crc64(stream)) + stream)


def send(act, port, name):
    with open(name, "rb") as f:
        data = f.read()
    stream = data[HEADER:]
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if act == "hang_up":
        return
    if act == "silent":
        time.sleep(PATIENCE)
    if act == "rubbish":
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(PATIENCE)
    head = header(data, 2 ** 64 - 1, 0)
    if act == "bad_header":
        head = head[:100] + b"?" + head[101:]
    sock.sendall(frame(b"HEAD", 0, head))
    if read_frame(sock)[0] != b"WANT":
        return
    sock.sendall(frame(b"DATA", 0, stream[:1000]))
    if act == "late_hang_up":
        return
    if act == "late_silent":
        time.sleep(PATIENCE)
    if act == "late_rubbish":
        sock.sendall(b"x" * 100)
    elif act == "wrong_place":
        sock.sendall(frame(b"DATA", 999, stream[:1000]))
    elif act == "stop":
        sock.sendall(frame(b"STOP", 1000, b"fed up\x1b[31m"))
    elif act == "wrong_sum":
        sock.sendall(frame(b"DONE", 1000, struct.pack("<Q", 4711)))
    elif act == "wrong_length":
        sock.sendall(frame(b"DONE", 1001, struct.pack("<Q", crc64(stream[:1000]))))
    sock.recv(1000)


def recv(act, port):
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen(1)
    sock = door.accept()[0]
    if act == "hang_up":
        return
    if act == "silent":
        time.sleep(PATIENCE)
    if act == "rubbish":
        sock.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        time.sleep(PATIENCE)
    read_frame(sock)
    if act == "nope":
        sock.sendall(frame(b"NOPE", 0, b"no, thanks"))
        sock.recv(1)
        return
    sock.sendall(frame(b"WANT"))
    read_frame(sock)
    sock.sendall(frame(b"TOOK", 1000))
    if act == "late_silent":
        time.sleep(PATIENCE)
    if act == "late_rubbish":
        sock.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        time.sleep(PATIENCE)
    if act == "late_hang_up":
        while read_frame(sock)[0] == b"DATA":
            pass
        return
    while read_frame(sock)[0] == b"DATA":
        pass
    sock.sendall(frame(b"BAD ", 0, b"it smokes"))
    sock.recv(1)


if sys.argv[1] == "forge":
    forge(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    recv(sys.argv[2], int(sys.argv[3]))
