"""What programs build with docker-py, against the engine that DOCKER_HOST names; it has the image busybox."""

import io
import os
import tempfile
import unittest

import docker
from archive import archive

client = docker.from_env(timeout=60)

FILE = b"""FROM busybox AS first
ARG WORD=none
LABEL of=file
RUN echo said $WORD
COPY f /f
FROM first
RUN cat /f
CMD ["cat", "/f"]
"""


def context(**files):
    return io.BytesIO(archive(**files))


def streams(lines):
    return "".join(line.get("stream", "") for line in lines)


class Build(unittest.TestCase):
    def folder(self, **files):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        for name, text in files.items():
            with open(os.path.join(made.name, name), "wb") as file:
                file.write(text)
        return made.name

    def test_folder(self):
        path = self.folder(Dockerfile=FILE, f=b"text\n")
        image, lines = client.images.build(
            path=path, tag="py:1", buildargs={"WORD": "given"}, labels={"of": "build"}, rm=True, forcerm=True,
            network_mode="none", shmsize=1 << 24, extra_hosts={"far": "10.1.2.3"},
            container_limits={"memory": 1 << 27, "cpushares": 5},
        )
        self.assertIn("said given\n", streams(lines))
        self.assertEqual(image.tags, ["py:1"])
        self.assertEqual(image.labels["of"], "build")
        self.assertEqual(client.containers.run("py:1", remove=True), b"text\n")

    def test_file_object(self):
        image, lines = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo alone\n"))
        self.assertIn("alone\n", streams(lines))
        self.assertTrue(image.id.startswith("sha256:"))

    def test_custom_context(self):
        image, lines = client.images.build(
            fileobj=context(Other=FILE, f=b"of a tar\n"), custom_context=True, dockerfile="Other", target="first",
            nocache=True,
        )
        self.assertIn("said none\n", streams(lines))

    def test_dockerfile_outside_the_context(self):
        path = self.folder(f=b"text\n")
        other = os.path.join(self.folder(Dockerfile=FILE), "Dockerfile")
        image, lines = client.images.build(path=path, dockerfile=other)
        self.assertIn("text\n", streams(lines))

    def test_low_level(self):
        api = client.api
        lines = list(api.build(fileobj=context(Dockerfile=FILE, f=b"low\n"), custom_context=True, decode=True))
        ids = [line["aux"]["ID"] for line in lines if "aux" in line]
        self.assertEqual([api.inspect_image(id)["Id"] for id in ids], ids)
        self.assertRegex(lines[-1]["stream"], "^Successfully built [0-9a-f]{12}\n$")
        raw = b"".join(api.build(fileobj=context(Dockerfile=FILE, f=b"low\n"), custom_context=True, quiet=True))
        self.assertIn(ids[0].encode(), raw)

    def test_failures(self):
        with self.assertRaises(docker.errors.BuildError) as failed:
            client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo why; exit 3\n"))
        self.assertEqual(
            failed.exception.msg, "The command '/bin/sh -c echo why; exit 3' returned a non-zero code: 3"
        )
        self.assertIn("why\n", streams(failed.exception.build_log))
        with self.assertRaises(docker.errors.APIError) as refused:
            client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUNN x\n"))
        self.assertEqual(refused.exception.status_code, 400)
        self.assertIn("unknown instruction: RUNN", refused.exception.explanation)

    def test_cache(self):
        self.assertGreaterEqual(client.api.prune_builds()["SpaceReclaimed"], 0)


if __name__ == "__main__":
    unittest.main()
