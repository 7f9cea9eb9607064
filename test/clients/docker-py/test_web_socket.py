"""Attaching over a web socket, by websocket-client, which docker-py brings; DOCKER_HOST names the engine."""

import os
import socket
import time
import unittest

import docker
import websocket

client = docker.from_env(timeout=30)
PATH = os.environ["DOCKER_HOST"].removeprefix("unix://")


class WebSocket(unittest.TestCase):
    def container(self, *command, **options):
        made = client.containers.create("busybox", list(command), **options)
        self.addCleanup(made.remove, force=True)
        return made

    def attach(self, container, query, version="1.41"):
        under = socket.socket(socket.AF_UNIX)
        under.connect(PATH)
        under.settimeout(30)
        url = f"ws://localhost/v{version}/containers/{container.id}/attach/ws?{query}"
        return websocket.create_connection(url, socket=under)

    def all(self, ws):
        got = b""
        while True:
            opcode, data = ws.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.assertEqual(int.from_bytes(data[:2], "big"), 1000)
                return got
            got += data

    def test_both_outputs_as_one(self):
        container = self.container("sh", "-c", "echo out; echo err >&2")
        ws = self.attach(container, "stream=1&stdout=1&stderr=1")
        container.start()
        self.assertEqual(sorted(self.all(ws).split()), [b"err", b"out"])

    def test_one_output_and_what_was_logged(self):
        container = self.container("sh", "-c", "echo out; echo err >&2")
        container.start()
        container.wait()
        ws = self.attach(container, "logs=1&stderr=1")
        self.assertEqual(self.all(ws), b"err\n")

    def test_a_terminal_is_typed_at(self):
        container = self.container("sh", stdin_open=True, tty=True)
        container.start()
        ws = self.attach(container, "stream=1&stdin=1&stdout=1&stderr=1")
        ws.ping("there?")
        ws.send("echo $((40 + 2)); exit 7\n")
        opcodes, got = [], b""
        while True:
            opcode, data = ws.recv_data(control_frame=True)
            opcodes.append(opcode)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            if opcode == websocket.ABNF.OPCODE_BINARY:
                got += data
        self.assertIn(b"42\r\n", got)
        self.assertIn(websocket.ABNF.OPCODE_PONG, opcodes)
        self.assertEqual(container.wait()["StatusCode"], 7)

    def test_much_both_ways(self):
        container = self.container("cat", stdin_open=True)
        ws = self.attach(container, "stream=1&stdin=1&stdout=1")
        container.start()
        sent = os.urandom(300_000)
        ws.send_binary(sent)
        got = b""
        while len(got) < len(sent):
            got += ws.recv_data()[1]
        self.assertEqual(got, sent)

    def test_a_close_of_the_client_is_answered_and_leaves_the_container(self):
        container = self.container("sleep", "600")
        container.start()
        ws = self.attach(container, "stream=1&stdout=1")
        ws.send_close(1000)
        self.assertEqual(ws.recv_data()[0], websocket.ABNF.OPCODE_CLOSE)
        time.sleep(0.1)
        container.reload()
        self.assertEqual(container.status, "running")

    def test_the_detach_keys(self):
        container = self.container("cat", stdin_open=True, tty=True)
        container.start()
        ws = self.attach(container, "stream=1&stdin=1&stdout=1&detachKeys=ctrl-x")
        ws.send("\x18")
        self.assertEqual(self.all(ws), b"")
        container.reload()
        self.assertEqual(container.status, "running")

    def test_text_before_1_28(self):
        container = self.container("echo", "grün")
        ws = self.attach(container, "stream=1&stdout=1", version="1.27")
        container.start()
        opcode, data = ws.recv_data()
        self.assertEqual((opcode, data.decode()), (websocket.ABNF.OPCODE_TEXT, "grün\n"))

    def test_refusals(self):
        with self.assertRaises(websocket.WebSocketBadStatusException) as failed:
            self.attach(type("Nobody", (), {"id": "nobody"}), "stream=1")
        self.assertEqual(failed.exception.status_code, 404)
        container = self.container("true")
        refused = client.api._get(client.api._url("/containers/{0}/attach/ws", container.id))
        self.assertEqual(refused.status_code, 400)
        self.assertIn("web socket", refused.json()["message"])


if __name__ == "__main__":
    unittest.main()
