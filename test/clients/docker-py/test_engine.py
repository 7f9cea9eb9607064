"""What programs do with docker-py, against the engine that DOCKER_HOST names; it has the image busybox."""

import io
import os
import tarfile
import threading
import time
import unittest

import docker
from archive import archive
from docker.types import IPAMConfig, IPAMPool, LogConfig, Mount, Ulimit

client = docker.from_env(timeout=30)
SLEEP = ["sleep", "600"]


class Engine(unittest.TestCase):
    def running(self, command=SLEEP, **options):
        container = client.containers.run("busybox", command, detach=True, **options)
        self.addCleanup(container.remove, force=True, v=True)
        return container

    def heard(self, container, command, **options):
        for _ in range(5):
            result = container.exec_run(command, **options)
            if result.output not in (b"", (None, None)):
                break
        return result

    def test_system(self):
        self.assertTrue(client.ping())
        self.assertEqual(client.version()["ApiVersion"], "1.51")
        self.assertEqual(client.info()["OSType"], "linux")
        self.assertIn(["busybox:latest"], [image["RepoTags"] for image in client.df()["Images"]])

    def test_run(self):
        self.assertEqual(client.containers.run("busybox", "echo hello", remove=True), b"hello\n")
        both = client.containers.run("busybox", ["sh", "-c", "echo out; echo err >&2"], stderr=True, remove=True)
        self.assertEqual(sorted(both.split()), [b"err", b"out"])
        with self.assertRaises(docker.errors.ContainerError) as failed:
            client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 3"], remove=True)
        self.assertEqual((failed.exception.exit_status, failed.exception.stderr), (3, b"why\n"))
        lines = client.containers.run("busybox", ["sh", "-c", "echo 1; echo 2"], stream=True, remove=True)
        self.assertEqual(b"".join(lines), b"1\n2\n")

    def test_errors(self):
        with self.assertRaises(docker.errors.ImageNotFound):
            client.api.create_container("nothing:1")
        with self.assertRaises(docker.errors.ImageNotFound):
            client.images.get("nothing:1")
        with self.assertRaises(docker.errors.NotFound):
            client.containers.get("nothing")
        with self.assertRaises(docker.errors.NotFound):
            client.volumes.get("nothing")
        with self.assertRaises(docker.errors.NotFound):
            client.networks.get("nothing")
        with self.assertRaises(docker.errors.APIError) as refused:
            self.running(name="-bad")
        self.assertEqual(refused.exception.status_code, 400)
        self.assertTrue(refused.exception.is_client_error())
        with self.assertRaises(docker.errors.APIError):
            client.api.inspect_swarm()

    def test_life(self):
        container = client.containers.create("busybox", SLEEP, name="life", labels={"a": "b"})
        self.addCleanup(container.remove, force=True)
        self.assertEqual(container.status, "created")
        for work, status in [
            (container.start, "running"),
            (container.pause, "paused"),
            (container.unpause, "running"),
            (lambda: container.restart(timeout=0), "running"),
            (lambda: container.stop(timeout=0), "exited"),
        ]:
            work()
            container.reload()
            self.assertEqual(container.status, status)
        container.rename("renamed")
        self.assertEqual(client.containers.get("renamed").id, container.id)
        found = client.containers.list(all=True, filters={"label": "a=b", "status": "exited"})
        self.assertEqual([each.short_id for each in found], [container.short_id])
        container.start()
        container.kill(signal="KILL")
        self.assertEqual(container.wait(timeout=10)["StatusCode"], 137)
        self.assertEqual(container.update(mem_limit="32m", memswap_limit="64m")["Warnings"], [])
        self.assertEqual(client.api.inspect_container(container.id)["HostConfig"]["Memory"], 32 << 20)

    def test_options(self):
        volume = client.volumes.create("kept")
        self.addCleanup(volume.remove, force=True)
        container = self.running(
            ["sh", "-c", "echo kept > /kept/file; echo $A $(id -u) $(hostname) $(pwd); exec sleep 600"],
            environment={"A": "b"},
            user="7",
            hostname="box",
            working_dir="/tmp",
            mem_limit="64m",
            nano_cpus=500000000,
            cap_add=["NET_ADMIN"],
            cap_drop=["MKNOD"],
            tmpfs={"/scratch": "size=1m"},
            volumes={"kept": {"bind": "/kept", "mode": "rw"}},
            mounts=[Mount("/seen", "/tmp", type="bind", read_only=True)],
            ulimits=[Ulimit(name="nofile", soft=64, hard=128)],
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m"}),
            restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
            ports={"80/tcp": ("127.0.0.1", None)},
            extra_hosts={"far": "10.9.8.7"},
            dns=["10.1.1.1"],
            init=True,
            stop_signal="SIGINT",
            security_opt=["no-new-privileges"],
            sysctls={"net.ipv4.ip_forward": "0"},
            pids_limit=50,
            shm_size="2m",
            healthcheck={"test": ["CMD", "true"], "interval": 10**9},
        )
        container.reload()
        about = container.attrs
        self.assertEqual(about["HostConfig"]["Memory"], 64 << 20)
        self.assertEqual(about["HostConfig"]["PidsLimit"], 50)
        self.assertEqual(about["Config"]["StopSignal"], "SIGINT")
        self.assertEqual(container.ports["80/tcp"][0]["HostIp"], "127.0.0.1")
        self.assertLessEqual({"/kept", "/seen"}, {each["Destination"] for each in about["Mounts"]})
        self.assertEqual(container.image.tags, ["busybox:latest"])

    def test_logs(self):
        container = self.running(["sh", "-c", "for i in 1 2 3; do echo $i; done; exec sleep 600"])
        follower = container.logs(stream=True, follow=True)
        self.assertEqual([next(follower) for _ in range(3)], [b"1\n", b"2\n", b"3\n"])
        follower.close()
        self.assertEqual(container.logs(tail=1), b"3\n")
        stamped = container.logs(timestamps=True, tail=1)
        self.assertRegex(stamped.decode(), r"^\d{4}-\d\d-\d\dT[\d:.]+Z 3\n$")
        self.assertEqual(container.logs(stdout=False, stderr=True), b"")
        self.assertEqual(container.logs(since=2**31), b"")

    def test_exec(self):
        container = self.running()
        # docker-py loses what comes before it has read the head; the engine gives it 50 ms, which a busy machine may not.
        heard = [container.exec_run("echo hello") for _ in range(20)]
        self.assertEqual({code for code, _ in heard}, {0})
        self.assertGreater([output for _, output in heard].count(b"hello\n"), 15)
        code, output = self.heard(container, ["sh", "-c", "echo $A; pwd; exit 4"], environment={"A": "b"}, workdir="/etc")
        self.assertEqual((code, output), (4, b"b\n/etc\n"))
        apart = self.heard(container, ["sh", "-c", "echo out; sleep 0.1; echo err >&2"], demux=True)
        self.assertEqual(apart.output, (b"out\n", b"err\n"))
        self.assertEqual(b"".join(container.exec_run("sh -c 'sleep 0.5; echo parts'", stream=True).output), b"parts\n")
        self.assertEqual(self.heard(container, "echo screen", tty=True).output, b"screen\r\n")
        container.exec_run("touch /tmp/detached", detach=True)
        made = client.api.exec_create(container.id, "cat", stdin=True)["Id"]
        socket = client.api.exec_start(made, socket=True)._sock
        socket.sendall(b"typed\n")
        self.assertIn(b"typed\n", socket.recv(100))
        socket.close()
        self.assertEqual(client.api.exec_inspect(made)["ProcessConfig"]["entrypoint"], "cat")

    def test_attach(self):
        container = client.containers.create("busybox", ["sh", "-c", "read a; echo got:$a"], stdin_open=True)
        self.addCleanup(container.remove, force=True)
        socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})._sock
        container.start()
        socket.sendall(b"word\n")
        heard = b""
        while b"got:word\n" not in heard:
            heard += socket.recv(100)
        socket.close()
        self.assertEqual(container.wait()["StatusCode"], 0)
        self.assertEqual(container.attach(logs=True, stream=False), b"got:word\n")

    def test_stats_top(self):
        container = self.running()
        once = container.stats(stream=False)
        self.assertGreater(once["memory_stats"]["usage"], 0)
        self.assertGreater(once["cpu_stats"]["cpu_usage"]["total_usage"], 0)
        stream = container.stats(decode=True, stream=True)
        self.assertEqual(next(stream)["name"], "/" + container.name)
        stream.close()
        self.assertIn("CMD", container.top()["Titles"])

    def test_archive(self):
        container = client.containers.create("busybox")
        self.addCleanup(container.remove)
        self.assertTrue(container.put_archive("/tmp", archive(one=b"first", two=b"second")))
        parts, about = container.get_archive("/tmp/two")
        self.assertEqual((about["name"], about["size"]), ("two", 6))
        with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as tar:
            self.assertEqual(tar.extractfile("two").read(), b"second")
        self.assertEqual(
            {(change["Path"], change["Kind"]) for change in container.diff()},
            {("/tmp", 0), ("/tmp/one", 1), ("/tmp/two", 1)},
        )
        with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as tar:
            self.assertIn("tmp/one", tar.getnames())
        with self.assertRaises(docker.errors.NotFound):
            container.get_archive("/no/such")

    def test_events(self):
        heard = []
        events = client.events(decode=True, filters={"type": "container", "container": "watched"})
        reader = threading.Thread(target=lambda: heard.extend(events))
        reader.start()
        client.containers.run("busybox", "true", name="watched", remove=True)
        while not any(event["Action"] == "destroy" for event in heard):
            time.sleep(0.01)
        events.close()
        reader.join(10)
        actions = [event["Action"] for event in heard]
        self.assertEqual(
            [action for action in actions if action != "attach"], ["create", "start", "die", "destroy"]
        )
        past = client.events(decode=True, since=0, until=int(time.time()) + 1, filters={"event": "die", "container": "watched"})
        self.assertEqual([event["Actor"]["Attributes"]["exitCode"] for event in past], ["0"])

    def test_wait(self):
        container = self.running(["sh", "-c", "exit 6"])
        self.assertEqual(container.wait(), {"StatusCode": 6})
        waiting = client.containers.create("busybox", "true")
        waiting.start()
        waiting.wait(condition="not-running")
        waiting.remove()

    def test_images(self):
        container = client.containers.create("busybox")
        self.addCleanup(container.remove)
        image = container.commit("made", "1", message="m", author="a", conf={"Cmd": ["true"]})
        self.assertEqual(image.tags, ["made:1"])
        self.assertTrue(image.tag("other", "2"))
        image.reload()
        self.assertEqual(image.tags, ["made:1", "other:2"])
        self.assertEqual(image.history()[0]["Comment"], "m")
        saved = b"".join(client.images.get("made:1").save(named=True))
        client.images.remove("made:1")
        client.images.remove("other:2", force=True)
        loaded = client.images.load(saved)
        self.assertEqual([each.tags for each in loaded], [["made:1"]])
        self.assertEqual([each.tags for each in client.images.list("made")], [["made:1"]])
        client.images.remove("made:1")
        imported = client.api.import_image_from_data(archive(file=b"text"), repository="imported", tag="1")
        self.assertIn("sha256:", imported)
        client.images.remove("imported:1")
        self.assertEqual(client.images.prune()["SpaceReclaimed"], 0)
        self.assertEqual([each.tags for each in client.images.list("busybox")], [["busybox:latest"]])

    def test_networks(self):
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet="10.214.3.0/24", gateway="10.214.3.1")])
        network = client.networks.create("site", driver="bridge", ipam=ipam, labels={"a": "b"}, check_duplicate=True)
        container = self.running()
        network.connect(container, ipv4_address="10.214.3.9", aliases=["alias"])
        network.reload()
        self.assertEqual(network.containers, [container])
        container.reload()
        own = container.attrs["NetworkSettings"]["Networks"]["site"]
        self.assertEqual(own["IPAddress"], "10.214.3.9")
        self.assertIn("alias", own["Aliases"])
        self.assertEqual([each.name for each in client.networks.list(filters={"label": "a=b"})], ["site"])
        network.disconnect(container)
        self.assertEqual(client.networks.prune()["NetworksDeleted"], ["site"])
        network = client.networks.create("site")
        self.assertEqual(len(client.networks.list(names=["site"], greedy=True)), 1)
        network.remove()

    def test_volumes(self):
        volume = client.volumes.create(driver="local", labels={"a": "b"})
        self.assertEqual(volume.attrs["Driver"], "local")
        self.assertTrue(os.path.isdir(volume.attrs["Mountpoint"]))
        self.assertIn(volume, client.volumes.list(filters={"label": "a=b"}))
        volume.remove()
        client.volumes.create("named")
        client.volumes.prune()
        self.assertIn("named", [each.name for each in client.volumes.list()])
        self.assertEqual(client.volumes.prune(filters={"all": True})["VolumesDeleted"], ["named"])
        self.assertNotIn("named", [each.name for each in client.volumes.list()])


if __name__ == "__main__":
    unittest.main()
