import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { digestOf } from "../../src/oci/digest.ts";
import { dockerArchive, tar } from "../image/fixtures.ts";
import { cliEngine, engineMissing } from "./engine.ts";

const MiB = 1 << 20;

describe.skipIf(engineMissing)("what takes space, and what is pruned", () => {
  const c = cliEngine();

  const shared = tar({ name: "shared", content: randomBytes(2 * MiB) });
  const out = async (...words: string[]) => {
    const done = await c.inro(...words);
    expect(done).toMatchObject({ code: 0 });
    return done.stdout;
  };
  const load = async (name: string, bytes: number) => {
    const own = tar({ name, content: randomBytes(bytes) });
    const archive = dockerArchive(name, [shared, own], [shared, own].map(digestOf));
    expect((await c.engine.inroWith({ input: archive }, "load")).code).toBe(0);
  };
  const names = async () =>
    (await out("images", "--format", "{{.Repository}}:{{.Tag}}")).trim().split("\n").sort();

  test("system df counts shared layers once, and says of each image what is its own", async () => {
    await load("one:1", MiB);
    await load("two:1", MiB);
    const [, images = "", , volumes = "", cache = ""] = (await out("system", "df")).split("\n");
    expect(images).toMatch(/^Images +4 +0 +6\.\d+MB +6\.\d+MB \(100%\)$/);
    expect(volumes).toMatch(/^Local Volumes +0 +0 +0B +0B$/);
    expect(cache).toMatch(/^Build Cache +0 +0 +0B +0B$/);
    const verbose = await out("system", "df", "-v");
    expect(verbose).toMatch(
      /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
    );
    expect(verbose).toMatch(/\none +1 +[0-9a-f]{12} +N\/A +3\.15MB +2\.1MB +1\.05MB +0\n/);
    expect(verbose).toContain("\nContainers space usage:\n\nCONTAINER ID ");
    expect(verbose).toContain("\nLocal Volumes space usage:\n\nVOLUME NAME ");
  });

  test("containers and volumes count what they wrote", async () => {
    await out("volume", "create", "kept");
    const write = "head -c 1000000 /dev/zero > /mine; head -c 2000000 /dev/zero > /data/theirs";
    await out("run", "--name", "writer", "-v", "kept:/data", "busybox", "sh", "-c", write);
    const [, , containers = "", volumes = ""] = (await out("system", "df")).split("\n");
    expect(containers).toMatch(/^Containers +1 +0 +1(\.\d+)?MB +1(\.\d+)?MB \(100%\)$/);
    expect(volumes).toMatch(/^Local Volumes +1 +1 +2(\.\d+)?MB +0B \(0%\)$/);
    expect(await out("system", "df", "-v")).toMatch(/\nkept +1 +2(\.\d+)?MB\n/);
  });

  test("a dry run tells what would go and what that frees, and then that is what goes", async () => {
    await out("tag", "busybox", "two:1");
    const [dry, wet] = [await out("image", "prune", "--dry-run"), await out("image", "prune", "-f")];
    expect(dry).toMatch(/^Would delete Images:\ndeleted: sha256:[0-9a-f]{64}\n\nWould reclaim: 2\.\d+MB\n$/);
    expect(wet).toBe(
      dry.replace("Would delete", "Deleted").replace("Would reclaim", "Total reclaimed space"),
    );
    expect(await out("image", "prune", "-f")).toBe("Total reclaimed space: 0B\n");
    expect(await names()).toEqual(["busybox:latest", "localhost/hello:latest", "one:1", "two:1"]);
  });

  test("filters keep what does not fit, and one that is none removes nothing", async () => {
    expect(await out("image", "prune", "-af", "--filter", "label=keep", "--dry-run")).toBe(
      "Would reclaim: 0B\n",
    );
    const some = await out("image", "prune", "-a", "--filter", "label!=dev.inro.builtin", "--dry-run");
    expect(some).toContain("untagged: one:1\n");
    expect(some).not.toContain("hello");
    expect(await out("container", "prune", "--dry-run", "--filter", "until=1h")).toBe("Would reclaim: 0B\n");
    for (const noun of ["container", "image"]) {
      const refused = await c.inro(noun, "prune", "-f", "--filter", "until=yesterdayish");
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("it is no moment") });
    }
    expect(await out("ps", "-aq")).not.toBe("");
  });

  test("system prune takes containers, then the images that only they used, and volumes where it is told to", async () => {
    await out("run", "-d", "--name", "live", "busybox", "sleep", "600");
    await out("create", "--name", "old", "-v", "/anonymous", "one:1", "x");
    await out("network", "create", "unused");
    const dry = await out("system", "prune", "-a", "--volumes", "--dry-run");
    expect(dry).toMatch(/^Would delete Containers:\n([0-9a-f]{64}\n){2}\n/);
    expect((await c.inro("system", "prune")).code).toBe(1);
    const gone = await out("system", "prune", "-af", "--volumes");
    expect(gone).toMatch(
      /^Deleted Containers:\n([0-9a-f]{64}\n){2}\nDeleted Networks:\nunused\n\nDeleted Volumes:\n[0-9a-f]{64}\n\nDeleted Images:\n/,
    );
    expect(gone).toContain("untagged: one:1\n");
    // What runs keeps its image, with every name of it; a volume with a name stays.
    expect(await names()).toEqual(["busybox:latest", "two:1"]);
    expect(await out("volume", "ls", "-q")).toBe("kept\n");
    expect((await c.inro("system", "check")).code).toBe(0);
  });

  test("system df -v has its lists as JSON too, and for templates", async () => {
    const lists = JSON.parse(await out("system", "df", "-v", "--format", "json"));
    expect(Object.keys(lists)).toEqual(["Images", "Containers", "Volumes", "BuildCache"]);
    expect(lists.Volumes).toMatchObject([{ Name: "kept", Links: "0" }]);
    expect(lists.Containers).toMatchObject([{ Names: "live" }]);
    const template = "{{range .Images}}{{.Repository}} {{end}}";
    expect((await out("system", "df", "-v", "--format", template)).split(" ")).toContain("busybox");
  });

  test("docker's own command line prunes, and shows the usage", async () => {
    await load("three:1", MiB);
    const docker = async (...words: string[]) => {
      const done = await c.engine.docker(...words);
      expect(done).toMatchObject({ code: 0 });
      return done.stdout;
    };
    expect(await docker("system", "df")).toMatch(/\nImages +2 +1 +/);
    expect(await docker("system", "df", "-v")).toMatch(/\nthree +1 +\S+ +\S.* 0B +3\.1\d+MB +0\n/);
    expect(await docker("system", "prune", "-af")).toContain("untagged: three:1\n");
    expect(await names()).toEqual(["busybox:latest", "two:1"]);
  });

  test("--dry-run of every prune removes nothing, and tells what the real one then removes", async () => {
    await out("create", "--name", "rests", "-v", "/anonymous", "busybox", "true");
    await out("rm", "rests");
    await out("create", "--name", "stopped", "busybox", "true");
    await out("network", "create", "unused");
    await out("volume", "create", "named");
    await out("tag", "busybox", "unused:1");
    const everything = async () =>
      (
        await Promise.all([
          out("ps", "-aq"),
          out("network", "ls", "-q"),
          out("volume", "ls", "-q"),
          out("images", "-q"),
        ])
      ).join();
    for (const words of [
      ["container", "prune"],
      ["network", "prune"],
      ["volume", "prune"],
      ["volume", "prune", "-a"],
      ["image", "prune", "-a"],
      ["system", "prune", "-a", "--volumes"],
    ]) {
      const before = await everything();
      const dry = await out(...words, "--dry-run");
      expect(await everything()).toBe(before);
      const wet = await out(...words, "-f");
      const said = (text: string) =>
        text.split("\n").filter((line) => line !== "" && !/^(Would|Deleted|Total)/.test(line));
      expect({ words, said: said(wet) }).toEqual({ words, said: said(dry) });
    }
    expect(await out("volume", "ls", "-q")).not.toContain("named");
  }, 60_000);
});
