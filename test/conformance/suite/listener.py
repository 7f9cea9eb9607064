"""Takes what a runtime sends over a unix socket with descriptors beside it, which JavaScript cannot receive.

listener.py console|seccomp SOCKET FILE: FILE gets one JSON line a connection, `{"payload": …, "descriptors": N}`; then
a console's output, or `call N of PID` for each system call that a seccomp listener is asked about (all are answered
with success, without being done).
"""
import array
import fcntl
import json
import os
import socket
import struct
import sys

kind, path, file = sys.argv[1:]
out = open(file, "a", buffering=1)


def receive(connection, whole):
    """A seccomp agent's connection is closed behind its one message; a console's need not be."""
    payload, descriptors = b"", array.array("i")
    while True:
        data, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(64))
        for level, what, content in ancillary:
            if level == socket.SOL_SOCKET and what == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        payload += data
        if data == b"" or not whole:
            return payload.decode(), list(descriptors)


def copy_console(master):
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            return  # EIO: nobody holds the other side any more.
        out.write(data.decode())


# include/uapi/linux/seccomp.h: _IOWR('!', 0, struct seccomp_notif), _IOWR('!', 1, struct seccomp_notif_resp)
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101


def answer_calls(listener):
    while True:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, NOTIF_RECV, request)
        except OSError:
            return  # ENOENT: its process is gone.
        call, pid, _, number = struct.unpack_from("=QIIi", request)
        out.write(f"call {number} of {pid}\n")
        fcntl.ioctl(listener, NOTIF_SEND, struct.pack("=QqiI", call, 0, 0, 0))


server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(path)
server.listen()
while True:
    payload, descriptors = receive(server.accept()[0], kind == "seccomp")
    out.write(json.dumps({"payload": payload, "descriptors": len(descriptors)}) + "\n")
    if descriptors and os.fork() == 0:
        server.close()
        (copy_console if kind == "console" else answer_calls)(descriptors[0])
        sys.exit(0)
    for descriptor in descriptors:
        os.close(descriptor)
