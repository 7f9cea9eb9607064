import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("commit", () => {
  const cli = cliEngine();
  const { out } = cli;

  beforeAll(async () => {
    const script = [
      "echo new > /root/new; ln /root/new /root/link; chmod 4711 /root/new",
      "rm /bin/yes; rm -r /tmp; mkdir /tmp; echo x > /tmp/x; touch /ready; sleep 600",
    ].join("; ");
    await out("run", "-d", "--name", "web", "-e", "A=1", "-l", "role=front", "busybox", "sh", "-c", script);
    for (let tries = 0; (await cli.inro("exec", "web", "stat", "/ready")).code !== 0; tries++) {
      if (tries > 100) throw new Error("the container does not get ready");
      await Bun.sleep(50);
    }
  }, 60_000);

  test("a running container's changes and options become an image; it runs on", async () => {
    const change = ["-c", 'CMD ["cat", "/root/link"]', "-c", "ENV B=2 C='3 4'", "-c", "LABEL role=back"];
    const id = (await out("commit", "-a", "me", "-m", "why", ...change, "web", "team/app:1")).trim();
    expect(await out("inspect", "-f", "{{.Id}} {{.Author}} {{.Comment}}", "team/app:1")).toBe(
      `${id} me why\n`,
    );
    expect(JSON.parse(await out("inspect", "-f", "{{json .Config}}", "team/app:1"))).toMatchObject({
      Cmd: ["cat", "/root/link"],
      Env: expect.arrayContaining(["A=1", "B=2", "C=3 4"]),
      Labels: { role: "back", "made.by": "test" },
    });
    expect(await out("run", "--rm", "team/app:1")).toBe("new\n");
    const shown =
      "stat -c '%a %h' /root/new; ls /tmp; stat /bin/yes 2>&1 | wc -l; ls /dev/.wh* 2>/dev/null; true";
    expect(await out("run", "--rm", "team/app:1", "sh", "-c", shown)).toBe("4711 2\nx\n1\n");
    expect(await out("history", "--format", "{{.Comment}}|{{.CreatedBy}}", "team/app:1")).toStartWith(
      "why|sh -c",
    );
    expect(await out("inspect", "-f", "{{.State.Status}}", "web")).toBe("running\n");
    expect(await out("exec", "web", "cat", "/root/new")).toBe("new\n");
  }, 30_000);

  test("the docker CLI commits the same; a container that never ran gives an empty layer", async () => {
    const made = await cli.engine.docker(
      "commit",
      "-m",
      "by docker",
      "-c",
      "WORKDIR /root",
      "web",
      "by-docker",
    );
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) });
    expect(await out("run", "--rm", "by-docker", "cat", "new")).toBe("new\n");
    await out("create", "--name", "idle", "busybox", "true");
    await out("commit", "idle", "idle");
    expect(await out("image", "inspect", "-f", "{{len .RootFS.Layers}}", "idle")).toBe("2\n");
  }, 30_000);

  test("a change that is none, and a container that is none, leave no image", async () => {
    const before = await out("images", "-aq");
    expect(await cli.inro("commit", "-c", "RUN x", "web")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("RUN isn't allowed as a change"),
    });
    expect((await cli.inro("commit", "nobody")).code).toBe(1);
    expect(await out("images", "-aq")).toBe(before);
  });

  test("a daemon that is killed meanwhile leaves nothing of the image, and the next commit makes it", async () => {
    await out("exec", "web", "sh", "-c", "head -c 67108864 /dev/urandom > /root/large");
    const ingest = join(cli.engine.dataRoot, "ingest");
    const before = await out("images", "-aq");
    const committing = cli.inro("commit", "web", "killed");
    const held = () => readdirSync(ingest).some((name) => statSync(join(ingest, name)).size > 1 << 20);
    for (let tries = 0; !held() && tries < 500; tries++) await Bun.sleep(2);
    expect(await out("inspect", "-f", "{{.State.Status}}", "web")).toBe("paused\n");
    await cli.engine.kill();
    expect((await committing).code).not.toBe(0);
    await cli.engine.serve();
    expect(readdirSync(ingest)).toEqual([]);
    expect(await out("images", "-aq")).toBe(before);
    expect(await out("inspect", "-f", "{{.State.Status}}", "web")).toBe("running\n");
    expect(await out("exec", "web", "cat", "/root/new")).toBe("new\n");
    await out("commit", "web", "again");
    expect(await out("run", "--rm", "again", "stat", "-c", "%s", "/root/large")).toBe("67108864\n");
  }, 60_000);
});
