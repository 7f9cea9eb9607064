import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { busyboxTar } from "../clients/busybox.ts";
import { tar } from "../image/fixtures.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("import", () => {
  const cli = cliEngine();
  const folder = temporaryFolder("import");
  const file = join(folder.path, "root.tar.gz");
  const { out } = cli;

  beforeAll(() => writeFileSync(file, gzipSync(busyboxTar(), { level: 1 })));
  afterAll(() => folder[Symbol.dispose]());

  test("a file becomes an image of one layer, which runs; the docker CLI makes the same layer", async () => {
    const id = await out("import", "-m", "by hand", "-c", 'CMD ["/bin/echo", "hi"]', file, "base:1");
    expect(await out("image", "inspect", "-f", "{{.Id}} {{.Comment}} {{len .RootFS.Layers}}", "base:1")).toBe(
      `${id.trim()} by hand 1\n`,
    );
    expect(await out("run", "--rm", "base:1")).toBe("hi\n");
    const theirs = await cli.engine.docker("import", "--platform", "linux/riscv64", file, "base:2");
    expect(theirs).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:/) });
    const layers = (name: string) => out("image", "inspect", "-f", "{{json .RootFS.Layers}}", name);
    expect(await layers("base:2")).toBe(await layers("base:1"));
    expect(await out("image", "inspect", "-f", "{{.Architecture}}", "base:2")).toBe("riscv64\n");
  }, 30_000);

  test("what is no tar is refused, with what it has to be", async () => {
    const refused = await cli.engine.inroWith({ input: Buffer.from("not a tar") }, "import", "-", "x");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(
      "inro: cannot import: it stops in the middle of an entry (it has to be a tar of a root file system: plain, or compressed by gzip, zstd or xz)\n",
    );
  });

  test("what export writes comes in again by standard input", async () => {
    await out("create", "--name", "web", "busybox", "true");
    const exported = join(folder.path, "web.tar");
    await out("export", "-o", exported, "web");
    const input = new Uint8Array(await Bun.file(exported).arrayBuffer());
    const made = await cli.engine.inroWith({ input }, "import", "-", "again");
    expect(made).toMatchObject({ code: 0 });
    expect(await out("run", "--rm", "again", "/bin/echo", "there")).toBe("there\n");
  }, 30_000);

  test("a URL of this host is fetched; other plain HTTP, also by redirection, and a refusal are not", async () => {
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        const { pathname } = new URL(url);
        if (pathname === "/away") return Response.redirect("http://192.0.2.1/root.tar");
        if (pathname === "/here") return Response.redirect("/root.tar.gz");
        return pathname === "/root.tar.gz" ? new Response(Bun.file(file)) : new Response("", { status: 404 });
      },
    });
    const at = `http://127.0.0.1:${server.port}`;
    await out("import", `${at}/here`, "fetched");
    expect(await out("history", "--format", "{{.Comment}}", "fetched")).toBe(`Imported from ${at}/here\n`);
    for (const url of [`${at}/away`, "http://192.0.2.1/root.tar"])
      expect((await cli.inro("import", url)).stderr).toContain("http is used for this host alone");
    expect((await cli.inro("import", `${at}/nothing`)).stderr).toContain("the server answers 404");
  }, 30_000);

  test("what is no tar, or a hostile one, leaves nothing (R10)", async () => {
    const before = await out("images", "-aq");
    const blobs = () => readdirSync(join(cli.engine.dataRoot, "blobs/sha256"));
    const had = blobs();
    const cases: [Uint8Array, string][] = [
      [Buffer.alloc(0), "there is nothing to read"],
      [Buffer.from("no tar ".repeat(500)), "checksum"],
      [busyboxTar().subarray(0, 70_000), "stops in the middle"],
      [tar({ name: "../../escape", content: "x" }), "leads upwards"],
    ];
    for (const [input, why] of cases) {
      const { code, stderr } = await cli.engine.inroWith({ input }, "import", "-", "bad");
      expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
    }
    const added = blobs().filter((name) => !had.includes(name));
    expect([await out("images", "-aq"), added]).toEqual([before, []]);
  }, 30_000);

  test("a daemon that is killed meanwhile leaves nothing of it", async () => {
    const before = await out("images", "-aq");
    const ingest = join(cli.engine.dataRoot, "ingest");
    const [program = "", ...words] = [...cli.engine.command, "import", "-", "killed"];
    const client = spawn(program, words, { stdio: ["pipe", "ignore", "ignore"] });
    client.stdin.on("error", () => {});
    const random = crypto.getRandomValues(new Uint8Array(65_536));
    const feed = setInterval(() => client.stdin.write(random), 2);
    const held = () => readdirSync(ingest).some((name) => statSync(join(ingest, name)).size > 1 << 20);
    for (let tries = 0; !held() && tries < 500; tries++) await Bun.sleep(10);
    expect(held()).toBe(true);
    await cli.engine.kill();
    clearInterval(feed);
    client.stdin.end();
    if (client.exitCode === null) await once(client, "exit");
    await cli.engine.serve();
    expect([readdirSync(ingest), await out("images", "-aq")]).toEqual([[], before]);
  }, 60_000);
});
