#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A stream that no driver should take, in a file that is all right.

    streams_forge.py FILE NEW
"""
import struct
import sys

HEADER = 1024


def crc64(data):
    """CRC-64 as in .xz, the slow way."""
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def header(old, length, checksum):
    head = bytearray(old[:HEADER - 8])
    struct.pack_into("<QQ", head, 16, length, checksum)
    return bytes(head) + struct.pack("<Q", crc64(head))


def main(old, new):
    with open(old, "rb") as f:
        data = f.read()
    stream = bytearray(data[HEADER:HEADER + 3000])
    stream[40] ^= 0x55
    with open(new, "wb") as f:
        f.write(header(data, len(stream), crc64(stream)) + stream)


main(*sys.argv[1:])
