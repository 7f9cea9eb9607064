import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, openSync, readFileSync, writeSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { busyboxMissing, loadBusybox } from "../clients/busybox.ts";
import { holdingsOf, residentOf, settled } from "../leaks/holdings.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A short run in the gate; `INRO_LOAD=1 npm test -- test/load` is what the daemon has to bear. */
const size =
  process.env["INRO_LOAD"] === undefined
    ? { containers: 24, runs: 8, followers: 60, megabytes: 64 }
    : { containers: 200, runs: 50, followers: 500, megabytes: 1024 };
const LINES = 200;
/** Kilobytes that a daemon at work may take beyond one that rests. */
const MORE = 60 * 1024;
const LIMIT = 600_000;

describe.skipIf(rootMissing || busyboxMissing)("a daemon under load", () => {
  let host: Host;
  let engine: TestEngine;
  let pid = 0;
  let idle = 0;
  const ok = async (...words: string[]) => {
    const { code, stdout, stderr } = await engine.inro(...words);
    if (code !== 0) throw new Error(`inro ${words.join(" ")}: ${stderr}`);
    return stdout;
  };

  beforeAll(async () => {
    host = await ownHost();
    engine = await testEngine(host);
    await loadBusybox(engine);
    // What the first of its kind opens for good.
    await ok("run", "-d", "--name", "first", "busybox", "sleep", "1");
    await ok("logs", "-f", "first");
    await ok("rm", "first");
    pid = Number(readFileSync(join(engine.execRoot, "inro.pid"), "utf8"));
    await Bun.sleep(2000);
    idle = residentOf(pid);
  }, LIMIT);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, LIMIT);

  /** Does the work and tells what the daemon took at most, in kilobytes. */
  async function weighed<T>(work: () => Promise<T>): Promise<{ readonly done: T; readonly peak: number }> {
    let peak = residentOf(pid);
    const timer = setInterval(() => {
      peak = Math.max(peak, residentOf(pid));
    }, 100);
    try {
      return { done: await work(), peak };
    } finally {
      clearInterval(timer);
    }
  }

  const ask = (method: string, path: string, body?: object) =>
    new Promise<string>((done, failed) => {
      const headers = { "content-type": "application/json" };
      const sent = request({ socketPath: engine.socket, method, path, headers, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () =>
          (answer.statusCode ?? 500) < 400 ? done(text) : failed(new Error(`${method} ${path}: ${text}`)),
        );
        answer.on("error", failed);
      });
      sent.on("error", failed);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });

  /** Clients that leave in the middle of a word, and some that stay and read nothing. */
  function badClients(container: string) {
    const say = (text: string, stays: boolean) => {
      const socket = connect(engine.socket, () => {
        socket.pause();
        socket.write(text, () => stays || socket.destroy());
      });
      socket.on("error", () => {});
      return socket;
    };
    const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    const all = Array.from({ length: 30 }, (_, n) =>
      [
        () => say("POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Le", false),
        () => say('POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 900\r\n\r\n{"Ima', false),
        () =>
          say(
            `POST /containers/${container}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${upgrade}`,
            true,
          ),
        () => say(`GET /containers/${container}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n`, true),
      ][n % 4]?.(),
    );
    return { leave: () => all.forEach((socket) => void socket?.destroy()) };
  }

  test(
    `${size.megabytes} MB through exec, attach, cp, commit, save and load arrive whole`,
    async () => {
      using folder = temporaryFolder("load");
      const [big, back, archive] = ["big", "back", "image.tar"].map((name) => join(folder.path, name)) as [
        string,
        string,
        string,
      ];
      const sum = writeBig(big, size.megabytes);
      const sumOf = async (script: string) => {
        const { stdout } = await host.run("sh", ["-c", `${script} | sha256sum`, "sh", ...engine.command]);
        return stdout.split(" ")[0];
      };
      const peaks: Record<string, number> = {};
      const step = async (name: string, work: () => Promise<unknown>) => {
        peaks[name] = (await weighed(work)).peak - idle;
      };
      await ok("run", "-d", "--name", "holder", "busybox", "sleep", "3600");
      await step("cp in", () => ok("cp", big, "holder:/big"));
      await step("exec", async () => expect(await sumOf(`"$@" exec holder cat /big`)).toBe(sum));
      await step("attach", async () => expect(await sumOf(`"$@" run -i --rm busybox cat <${big}`)).toBe(sum));
      await step("cp out", () => ok("cp", "holder:/big", back));
      expect(await fileSum(back)).toBe(sum);
      await step("commit", () => ok("commit", "holder", "big:1"));
      await step("save", () => ok("save", "-o", archive, "big:1"));
      await ok("rm", "-f", "holder");
      await ok("rmi", "big:1");
      await step("load", () => ok("load", "-i", archive));
      expect(await sumOf(`"$@" run --rm big:1 cat /big`)).toBe(sum);
      await ok("rmi", "big:1");
      console.log(`load: kB more than idle: ${JSON.stringify(peaks)}`);
      for (const peak of Object.values(peaks)) expect(peak).toBeLessThan(MORE);
    },
    LIMIT,
  );

  test(
    `${size.containers} containers at once, ${size.runs} runs and ${size.followers} followers of logs beside each other`,
    async () => {
      const lines = `i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); done; sleep 3600`;
      const expected = Array.from({ length: LINES }, (_, n) => `line ${n}\n`).join("");
      const look = () => holdingsOf(pid, engine.dataRoot).descriptors;
      const before = look();
      const made = await weighed(() =>
        Promise.all(
          Array.from({ length: size.containers }, async (_, n) => {
            const body = { Image: "busybox", Cmd: ["sh", "-c", lines], Tty: true };
            const { Id } = JSON.parse(await ask("POST", `/containers/create?name=many-${n}`, body));
            await ask("POST", `/containers/${Id}/start`);
            return Id as string;
          }),
        ),
      );
      const ids = made.done;
      const bad = badClients(ids[0] ?? "");
      const { done: told, peak } = await weighed(async () => {
        const followers = Array.from({ length: size.followers }, (_, n) =>
          ask("GET", `/containers/${ids[n % ids.length]}/logs?follow=1&stdout=1`),
        );
        const runs = await Promise.all(
          Array.from({ length: size.runs }, (_, n) => ok("run", "--rm", "busybox", "echo", `run ${n}`)),
        );
        expect(runs).toEqual(Array.from({ length: size.runs }, (_, n) => `run ${n}\n`));
        const running = JSON.parse(await ask("GET", "/containers/json")) as { Id: string }[];
        expect(running.map(({ Id }) => Id).sort()).toEqual([...ids].sort());
        await Promise.all(ids.map((id) => ask("POST", `/containers/${id}/kill`)));
        return Promise.all(followers);
      });
      for (const text of told) expect(text.replaceAll("\r", "")).toBe(expected);
      bad.leave();
      await Promise.all(ids.map((id) => ask("DELETE", `/containers/${id}?force=1`)));
      expect(await settled(look, before)).toEqual(before);
      const [making, following] = [made.peak - idle, peak - idle];
      console.log(`load: idle ${idle} kB; more at most: ${making} kB making, ${following} kB following`);
      expect(Math.max(making, following)).toBeLessThan(MORE);
    },
    LIMIT,
  );
});

/** Bytes that no compressor makes less of, and no two blocks of them alike. Answers their sum. */
function writeBig(path: string, megabytes: number): string {
  const file = openSync(path, "w");
  const sum = createHash("sha256");
  for (let n = 0; n < megabytes; n++) {
    const block = randomBytes(1 << 20);
    sum.update(block);
    writeSync(file, block);
  }
  return sum.digest("hex");
}

async function fileSum(path: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path)) sum.update(chunk);
  return sum.digest("hex");
}
