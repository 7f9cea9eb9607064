import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { tar } from "../image/fixtures.ts";
import { getXattr, setXattr } from "../image/xattr.ts";
import { testEngineIn } from "../support/engine.ts";
import { canMake, fileSystem } from "../support/file-system.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("inro volume", () => {
  const cli = cliEngine();
  const { out, inro } = cli;
  const folder = temporaryFolder("volumes");
  const here = (name: string) => join(folder.path, name);
  const data = (name: string) => join(cli.engine.dataRoot, "volumes", name, "_data");
  const sh = (volume: string, script: string) =>
    out("run", "--rm", "-v", `${volume}:/v`, "busybox", "sh", "-c", script);

  const begun = () =>
    readdirSync(join(cli.engine.dataRoot, "volumes")).filter((name) => name.startsWith("."));

  afterAll(() => folder[Symbol.dispose]());

  test("rename: running, stopped and anonymous users go on with it", async () => {
    await out("run", "-d", "--name", "runs", "-v", "first:/v", "busybox", "sleep", "600");
    await out("create", "--name", "rests", "-v", "first:/v:ro", "busybox", "cat", "/v/f");
    await out("exec", "runs", "sh", "-c", "echo kept > /v/f");
    await out("volume", "rename", "first", "second");
    expect(existsSync(data("first"))).toBe(false);
    await out("exec", "runs", "sh", "-c", "echo more >> /v/f");
    expect(await out("start", "-a", "rests")).toBe("kept\nmore\n");
    const mounts = "{{range .Mounts}}{{.Name}} {{.Source}}{{end}}";
    expect(await out("inspect", "-f", mounts, "rests")).toBe(`second ${data("second")}\n`);
    await out("restart", "-t", "0", "runs");
    expect(await out("exec", "runs", "cat", "/v/f")).toBe("kept\nmore\n");
    expect((await inro("volume", "rm", "second")).stderr).toContain("volume is in use");
    expect((await inro("volume", "inspect", "first")).code).toBe(1);
    await out("rm", "-f", "runs", "rests");
    await out("volume", "rm", "second");
    const anonymous = await out("create", "-v", "/v", "busybox");
    const [name = ""] = (
      await out("inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", anonymous.trim())
    ).split("\n");
    await out("volume", "rename", name, "mine");
    await out("rm", "-v", anonymous.trim());
    expect(await out("volume", "ls", "-q")).toBe("mine\n");
    await out("volume", "rm", "mine");
  }, 60_000);

  test("rename refuses what is taken, bad names and what is not there", async () => {
    await out("volume", "create", "one");
    await out("volume", "create", "two");
    expect(await inro("volume", "rename", "one", "two")).toMatchObject({ code: 1 });
    expect((await inro("volume", "rename", "one", "../two")).stderr).toContain("as the name of a volume");
    expect((await inro("volume", "rename", "three", "four")).stderr).toContain("no such volume");
    await out("volume", "rm", "one", "two");
  });

  const MAKE = [
    "cd /v; echo text > file; chown 33:40 file; chmod 4750 file; ln file hard; ln -s /etc/passwd soft",
    "mkdir -p dir/deep; chmod 1777 dir; mkfifo dir/fifo; mknod dir/null c 1 3; touch -d '2001-02-03 04:05:06' dir/deep",
    "dd if=/dev/zero of=sparse bs=1 count=0 seek=64M 2>/dev/null; echo end >> sparse; chmod 750 /v; chown 33 /v",
  ].join("; ");
  const LOOK =
    "cd /v; stat -c '%n %a %u %g %h %F %s %Y' . file hard soft dir dir/fifo dir/null dir/deep; readlink soft; tail -c 4 sparse";

  test("clone, export and import keep owners, modes, times, links, devices, attributes and holes", async () => {
    await sh("whole", MAKE);
    setXattr(join(data("whole"), "file"), "user.colour", "red");
    const before = await sh("whole", LOOK);
    expect(before).toContain("file 4750 33 40 2 regular file 5");
    expect(await out("volume", "clone", "--label", "of=whole", "whole", "twin")).toBe("twin\n");
    await out("volume", "export", "-o", here("whole.tar"), "whole");
    expect(await out("volume", "import", "--label", "from=tar", "again", here("whole.tar"))).toBe("again\n");
    for (const name of ["twin", "again"]) {
      expect(await sh(name, LOOK)).toBe(before);
      expect(statSync(join(data(name), "sparse")).blocks).toBeLessThan(1000);
      expect(statSync(join(data(name), "file")).ino).toBe(statSync(join(data(name), "hard")).ino);
      expect(getXattr(join(data(name), "file"), "user.colour")).toBe("red");
    }
    expect(await out("volume", "inspect", "-f", "{{.Labels.of}}", "twin")).toBe("whole\n");
    expect(await out("volume", "inspect", "-f", "{{.Labels.from}}", "again")).toBe("tar\n");
    await sh("twin", "echo changed > /v/file");
    expect(await sh("whole", "cat /v/file")).toBe("text\n");
    await out("volume", "rm", "whole", "twin", "again");
  }, 60_000);

  test("import takes compressed tars from a pipe, and tells a tar from what is none", async () => {
    const archive = Bun.gzipSync(Buffer.from(await tar({ name: "a/b", content: "deep" })));
    expect((await cli.engine.inroWith({ input: archive }, "volume", "import", "piped")).stdout).toBe(
      "piped\n",
    );
    expect(await sh("piped", "cat /v/a/b")).toBe("deep");
    const taken = await cli.engine.inroWith({ input: archive }, "volume", "import", "piped");
    expect(taken).toMatchObject({ code: 1 });
    expect(taken.stderr).toContain("there is one of that name");
    const none = await cli.engine.inroWith({ input: "x".repeat(1024) }, "volume", "import", "none");
    expect(none.code).toBe(1);
    expect(await out("volume", "ls", "-q")).toBe("piped\n");
    expect(readdirSync(join(cli.engine.dataRoot, "volumes"))).toEqual(["piped"]);
    await out("volume", "rm", "piped");
  }, 30_000);

  test.each([512, 1024, 1500])(
    "a client that dies after %i bytes of an import leaves nothing",
    async (length) => {
      // Cut between two entries, too: what is no whole request is no whole volume.
      const archive = Buffer.concat(
        [tar({ name: "one" }), tar({ name: "two", content: "text" })].map((part) => part.subarray(0, -1024)),
      );
      const socket = connect(cli.engine.socket);
      const part = archive.subarray(0, length);
      socket.write("POST /inro/volumes/cut/import HTTP/1.1\r\nhost: d\r\ntransfer-encoding: chunked\r\n\r\n");
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write("\r\n");
      for (let tries = 0; tries < 100 && begun().length === 0; tries++) await Bun.sleep(10);
      expect(begun()).toHaveLength(1);
      socket.destroy();
      for (let tries = 0; tries < 300 && begun().length > 0; tries++) await Bun.sleep(10);
      expect(readdirSync(join(cli.engine.dataRoot, "volumes"))).toEqual([]);
      expect(await out("volume", "ls", "-q")).toBe("");
    },
  );

  test("a clone is of one moment: who writes to it stands still", async () => {
    // What is copied between the first file and the last takes a while.
    const script = "while :; do echo >> /v/a; echo >> /v/z; done";
    await sh("moving", "/bin/busybox dd if=/dev/urandom of=/v/m bs=1M count=48 2>/dev/null");
    await out("run", "-d", "--name", "busy", "-v", "moving:/v", "busybox", "sh", "-c", script);
    const size = (volume: string, file: string) =>
      statSync(join(data(volume), file), { throwIfNoEntry: false })?.size ?? 0;
    while (size("moving", "z") === 0) await Bun.sleep(10);
    for (const name of ["c1", "c2", "c3"]) {
      await out("volume", "clone", "moving", name);
      expect([0, 1]).toContain(size(name, "a") - size(name, "z"));
      expect(size(name, "m")).toBe(48 << 20);
    }
    expect(await out("inspect", "-f", "{{.State.Status}}", "busy")).toBe("running\n");
    const at = size("moving", "z");
    for (let tries = 0; tries < 200 && size("moving", "z") === at; tries++) await Bun.sleep(10);
    expect(size("moving", "z")).toBeGreaterThan(at);
    await out("rm", "-f", "busy");
    await out("volume", "rm", "moving", "c1", "c2", "c3");
  }, 60_000);

  test("an anonymous volume that another container uses outlives its own container's rm -v", async () => {
    await out("create", "--name", "owner", "-v", "/v", "busybox");
    await out("create", "--name", "guest", "--volumes-from", "owner", "busybox");
    await out("rm", "-v", "owner");
    expect((await out("volume", "ls", "-q")).trim()).toMatch(/^[0-9a-f]{64}$/);
    await out("rm", "guest");
    await out("volume", "prune", "-af");
  });

  test("a limit where the file system has none is a clear error, and leaves nothing", async () => {
    const refused = await inro("volume", "create", "-o", "size=10m", "small");
    if (refused.code === 0) return;
    expect(refused.stderr).toContain("cannot limit a volume");
    expect(readdirSync(join(cli.engine.dataRoot, "volumes"))).toEqual([]);
  });
});

test.skipIf(engineMissing || !canMake("btrfs"))(
  "a volume's limit is kept on btrfs, and a clone has it too",
  async () => {
    const host = await ownHost();
    await using engine = await testEngineIn(fileSystem("btrfs"), host);
    using _ = host;
    const { busyboxArchive } = await import("../clients/busybox.ts");
    await engine.inroWith({ input: busyboxArchive() }, "load");
    expect(await engine.inro("volume", "create", "-o", "size=8m", "small")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const fill = (name: string) =>
      engine.inro(
        "run",
        "--rm",
        "-v",
        `${name}:/v`,
        "busybox",
        "sh",
        "-c",
        "dd if=/dev/urandom of=/v/f bs=1M count=20",
      );
    expect((await fill("small")).stderr).toMatch(/quota exceeded|No space/i);
    expect((await engine.inro("volume", "clone", "small", "twin")).code).toBe(0);
    expect((await fill("twin")).stderr).toMatch(/quota exceeded|No space/i);
    expect((await engine.inro("volume", "rm", "small", "twin")).code).toBe(0);
    for (let tries = 0; tries < 100 && readdirSync(join(engine.dataRoot, "trash")).length > 0; tries++)
      await Bun.sleep(20);
    expect(readdirSync(join(engine.dataRoot, "trash"))).toEqual([]);
  },
  60_000,
);
