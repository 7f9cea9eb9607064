import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { tar } from "../image/fixtures.ts";
import { type Listening, listening } from "../support/listening.ts";
import { build } from "./building.ts";

describe.skipIf(engineMissing)("what a build takes from URLs", () => {
  const cli = cliEngine();
  const archive = gzipSync(tar({ name: "d/a", content: "a" }));
  const asked: string[] = [];
  let text = "text";
  const server = createServer(({ method = "", url = "", headers }, answer) => {
    asked.push(`${method} ${url}${headers.authorization === undefined ? "" : ` ${headers.authorization}`}`);
    if (url === "/tagged") answer.setHeader("etag", `"${text}"`);
    if (url === "/untagged" || url === "/tagged" || url === "/[x]*.txt" || url === "/private")
      answer.end(text);
    else if (url === "/a.tar.gz") answer.end(archive);
    else if (url === "/context.tar")
      answer.end(
        tar(
          { name: "dockerfile", content: "FROM busybox\nCOPY f /f\nRUN cat /f" },
          { name: "f", content: "far" },
        ),
      );
    else if (url === "/Dockerfile") answer.end("FROM busybox\nRUN echo alone\nCOPY . /all\nRUN ls /all");
    else answer.writeHead(404).end();
  });
  let place: Listening;
  beforeAll(async () => {
    place = await listening(server);
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const url = (path: string) => `http://${place.address}${path}`;
  const file = (...all: string[]) => ({ Dockerfile: ["FROM busybox", ...all, ""].join("\n") });

  test("ADD downloads a file, unpacks it where that is asked for, and gives it its name", async () => {
    const { error, output } = await build(
      cli.engine,
      file(
        ...[
          `ADD ${url("/untagged")} /x/`,
          `ADD ${url("/untagged")} /y`,
          `ADD ["${url("/[x]*.txt")}", "/z/"]`,
        ],
        ...[`ADD ${url("/a.tar.gz")} /`, `ADD --unpack ${url("/a.tar.gz")} /u`],
        "RUN stat -c '%a %n' /x/untagged; cat /y; ls /z /a.tar.gz; cat /u/d/a",
      ),
    );
    expect({ error, output }).toEqual({
      error: "",
      output: "600 /x/untagged\ntext/a.tar.gz\n\n/z:\n[x]*.txt\na",
    });
  });

  test("a checksum is held, and what has it is not downloaded again", async () => {
    const checksum = `sha256:${createHash("sha256").update("text").digest("hex")}`;
    const good = file(`ADD --checksum=${checksum} ${url("/untagged")} /checked`);
    expect((await build(cli.engine, good)).error).toBe("");
    asked.length = 0;
    const { error, ended } = await build(cli.engine, good);
    expect([error, ended(good.Dockerfile.split("\n")[1] ?? ""), asked]).toEqual(["", "cached", []]);
    const bad = file(`ADD --checksum=sha256:${"0".repeat(64)} ${url("/untagged")} /checked`);
    expect((await build(cli.engine, bad)).error).toContain(checksum);
  });

  test("what a server says is the same is not downloaded again; what is another is", async () => {
    const files = file(`ADD ${url("/tagged")} /t`, "RUN cat /t");
    expect((await build(cli.engine, files)).output).toBe("text");
    asked.length = 0;
    await build(cli.engine, files);
    expect(asked).toEqual(["HEAD /tagged"]);
    text = "other";
    expect((await build(cli.engine, files)).output).toBe("other");
    text = "text";
  });

  test("a secret for a server reaches it, and no layer", async () => {
    asked.length = 0;
    const secret = "t0ken-of-the-test";
    const headers = {
      "X-Build-Secrets": btoa(JSON.stringify({ [`HTTP_AUTH_TOKEN_${place.address}`]: btoa(secret) })),
    };
    expect((await build(cli.engine, file(`ADD ${url("/private")} /p`), {}, headers)).error).toBe("");
    expect(asked.at(-1)).toBe(`GET /private Bearer ${secret}`);
    expect(Bun.spawnSync(["grep", "-rl", secret, cli.engine.dataRoot]).stdout.toString()).toBe("");
  });

  test("what cannot be had fails the step with its reason, and leaves nothing behind", async () => {
    expect((await build(cli.engine, file(`ADD ${url("/none")} /x`))).error).toContain(
      "the server answers 404",
    );
    expect((await build(cli.engine, file(`ADD ${url("/")} /x/`))).error).toContain("the server answers 404");
    expect((await build(cli.engine, file(`ADD ${url("/none.git#--x")} /x`))).error).toContain(
      "as a repository",
    );
    expect(readdirSync(join(cli.engine.dataRoot, "build/tmp"))).toEqual([]);
  });

  test("a context may be a tar behind a URL, or a Dockerfile alone", async () => {
    const tarred = await build(cli.engine, new Uint8Array(), { remote: url("/context.tar") });
    expect({ error: tarred.error, output: tarred.output }).toEqual({ error: "", output: "far" });
    const alone = await build(cli.engine, new Uint8Array(), { remote: url("/Dockerfile") });
    expect({ error: alone.error, output: alone.output }).toEqual({ error: "", output: "alone\n" });
    const sent = await build(cli.engine, Buffer.from("FROM busybox\nRUN echo sent\n"));
    expect({ error: sent.error, output: sent.output }).toEqual({ error: "", output: "sent\n" });
    expect((await build(cli.engine, new Uint8Array(), { remote: url("/none") })).error).toContain(
      "the server answers 404",
    );
    expect(readdirSync(join(cli.engine.dataRoot, "build/tmp"))).toEqual([]);
  });

  test("R10 an upload that is hostile is refused, and leaves nothing behind", async () => {
    const { error } = await build(cli.engine, tar({ name: "../../out", content: "x" }));
    expect(error).toContain("leads upwards");
    expect(readdirSync(join(cli.engine.dataRoot, "build/tmp"))).toEqual([]);
  });
});
