"""Puts single packets on one side of the filter under test and tells whether they come out on the other.

Runs in a namespace with two interfaces, `inside` and `outside`, that have no addresses: nothing but this program sends or
answers. Reads one JSON object a line: from ("inside" or "outside"), protocol, source, target, fromPort, toPort, flags,
icmpType, icmpId; writes true or false for each. After every packet goes one that always passes: when that one is there
and the packet is not, it was dropped, and nobody had to wait for it.
"""

import json
import select
import socket
import struct
import sys

MARKER = 253  # A protocol number for experiments, RFC 3692.
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
FILTER = {"inside": bytes.fromhex("020000000001"), "outside": bytes.fromhex("020000000002")}
END = {"inside": bytes.fromhex("020000000011"), "outside": bytes.fromhex("020000000012")}
FLAGS = {"syn": 0x02, "syn-ack": 0x12, "ack": 0x10}
PATIENCE_S = 5

sockets = {}
for side in ("inside", "outside"):
    sockets[side] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    sockets[side].bind((side, 0x0800))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def payload(packet):
    kind = packet["protocol"]
    if kind == "tcp":
        sequence, acknowledged = (1000, 0) if packet["flags"] == "syn" else (packet["sequence"], packet["acknowledged"])
        ports = packet["fromPort"], packet["toPort"]
        return struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged, 0x50, FLAGS[packet["flags"]], 65535, 0, 0)
    if kind == "udp":
        return struct.pack("!HHHH", packet["fromPort"], packet["toPort"], 8, 0)
    head = struct.pack("!BBHHH", packet["icmpType"], 0, 0, packet["icmpId"], 1)
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def frame(side, source, target, number, body, mark):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), mark, 0, 64, number, 0, source, target)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return FILTER[side] + END[side] + b"\x08\x00" + head + body


def drain(sock):
    """What has arrived, as (protocol, identification)."""
    data, address = sock.recvfrom(2048)
    if address[2] == socket.PACKET_OUTGOING or len(data) < 34:
        return None
    return data[23], struct.unpack("!H", data[18:20])[0]


def passes(packet, mark):
    side = packet["from"]
    other = sockets["outside" if side == "inside" else "inside"]
    source, target = socket.inet_aton(packet["source"]), socket.inet_aton(packet["target"])
    number = PROTOCOLS[packet["protocol"]]
    sockets[side].send(frame(side, source, target, number, payload(packet), mark))
    sockets[side].send(frame(side, source, target, MARKER, b"", mark))
    arrived = False
    while True:
        ready, _, _ = select.select([other], [], [], PATIENCE_S)
        if not ready:
            raise SystemExit("the packet that always passes did not arrive")
        seen = drain(other)
        arrived = arrived or seen == (number, mark)
        if seen == (MARKER, mark):
            return arrived


mark = 0
for line in sys.stdin:
    mark = mark % 65535 + 1
    print(json.dumps(passes(json.loads(line), mark)), flush=True)
