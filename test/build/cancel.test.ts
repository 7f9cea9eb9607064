import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { nativesOf } from "../crash/daemon.ts";
import { soon } from "../crash/killing.ts";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { build, lines, write } from "./building.ts";

describe.skipIf(engineMissing)("a build whose client goes", () => {
  const cli = cliEngine();

  /** Goes as soon as the answer has a text, or at once when it is asked to. */
  async function gone(
    body: string | Uint8Array,
    text: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const controller = new AbortController();
    const words = new URLSearchParams({ progress: "events", ...query });
    const answer = await fetch(`http://engine/v1.51/build?${words}`, {
      ...{ method: "POST", unix: cli.engine.socket, signal: controller.signal, body },
      headers: { "content-type": "application/x-tar" },
    });
    const reader = (answer.body ?? expect.unreachable()).getReader();
    const decoder = new TextDecoder();
    for (let told = ""; !told.includes(text); ) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the build ended: ${told}`);
      told += decoder.decode(value, { stream: true });
    }
    controller.abort();
    await reader.cancel().catch(() => {});
  }

  const context = (Dockerfile: string) => {
    using folder = temporaryFolder("context");
    write(folder.path, { Dockerfile });
    return tarOf(folder.path);
  };

  /** Of what a build holds: files, processes, secrets. */
  const left = () => {
    const names = (...way: string[]) => (existsSync(join(...way)) ? readdirSync(join(...way)) : []);
    const { dataRoot, execRoot } = cli.engine;
    return [
      ...names(dataRoot, "steps"),
      ...names(dataRoot, "build/tmp"),
      ...names(dataRoot, "ingest"),
      ...names(execRoot, "build"),
      ...nativesOf(dataRoot).map(String),
    ];
  };
  const nothingLeft = () => soon(async () => left(), []);

  test("in the middle of RUN: its program is killed at once", async () => {
    await gone(context(lines("FROM busybox", "RUN trap '' TERM INT; echo here; sleep 1000")), "here");
    await nothingLeft();
    await gone(context(lines("FROM busybox", "RUN echo here & sleep 1000")), "here");
    await nothingLeft();
  });

  test("in the middle of its upload", async () => {
    const controller = new AbortController();
    const bytes = context("FROM busybox\nCOPY . /\n");
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(bytes.subarray(0, 600)),
      pull: () => new Promise(() => {}),
    });
    const sending = fetch("http://engine/v1.51/build", {
      ...{ method: "POST", unix: cli.engine.socket, signal: controller.signal, body },
      headers: { "content-type": "application/x-tar" },
    });
    sending.catch(() => {});
    await soon(async () => readdirSync(join(cli.engine.dataRoot, "build/tmp")).length, 1);
    controller.abort();
    await nothingLeft();
  });

  test("in the middle of a pull", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    using registry = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1", idleTimeout: 0 },
      fetch(request) {
        if (new URL(request.url).pathname === "/v2/") return new Response("{}");
        resolve();
        return new Promise(() => {});
      },
    });
    const controller = new AbortController();
    const Dockerfile = lines(`FROM 127.0.0.1:${registry.port}/slow:1`, "RUN true");
    const building = build(cli.engine, { Dockerfile }, {}, {}, controller.signal);
    building.catch(() => {});
    await asked;
    controller.abort();
    await nothingLeft();
    await registry.stop(true);
  });

  test("in the middle of a COPY of a large folder", async () => {
    using folder = temporaryFolder("large");
    for (let n = 0; n < 40; n++) {
      mkdirSync(join(folder.path, `d${n}`));
      for (let m = 0; m < 100; m++) writeFileSync(join(folder.path, `d${n}/${m}`), `${n} ${m}`.repeat(2000));
    }
    writeFileSync(join(folder.path, "Dockerfile"), lines("FROM busybox", "COPY . /all", "RUN touch /end"));
    for (let n = 0; n < 5; n++) {
      const going = gone("", '"type":"started"', { contextfolder: folder.path, nocache: "1" });
      await going;
      await nothingLeft();
    }
    const whole = await build(cli.engine, new Uint8Array(), { contextfolder: folder.path });
    expect(whole.error).toBe("");
    const count = ["sh", "-c", "busybox find /all -type f | wc -l"];
    expect(await cli.out("run", "--rm", "--network", "none", whole.image, ...count)).toBe("4001\n");
  }, 60_000);

  test("leaves the other that shares its step alone, which is done once", async () => {
    const Dockerfile = lines(
      "FROM busybox",
      "RUN --mount=type=cache,target=/c,id=once echo x >> /c/times; echo begun; while [ ! -e /c/go ]; do sleep 0.05; done; cat /c/times",
    );
    const first = gone(context(Dockerfile), "begun");
    const second = build(cli.engine, { Dockerfile });
    await first;
    const { error: none } = await build(cli.engine, {
      Dockerfile: lines("FROM busybox", "RUN --mount=type=cache,target=/c,id=once touch /c/go"),
    });
    expect(none).toBe("");
    const { error, output } = await second;
    expect(error).toBe("");
    expect(output.endsWith("x\n")).toBe(true);
    await nothingLeft();
  });
});
