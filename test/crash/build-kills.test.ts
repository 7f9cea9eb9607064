import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Files, lines } from "../build/building.ts";
import { busyboxMissing } from "../engine/busybox.ts";
import { tar } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { cgroupsOf, type Daemon, daemon, findings, logOf, nativesOf } from "./daemon.ts";
import { soon } from "./killing.ts";

/** A short run in the gate; `INRO_KILLS=100 npm test -- test/crash/build-kills` is the long one. */
const KILLS = Number(process.env["INRO_KILLS"] ?? 5);

const SECRET = "s3cr3t-of-the-kills";

/** Seconds since 1970: no file of an image is younger, so that its id says what is in it. */
const TIMESTAMP = "1700000000";

const FILES = 120;
const content = (turn: number, n: number) => `${turn}:${n}\n`.repeat(n + 1);

/** Two stages at a time, of everything that a step can be; what is in the end is known beforehand. */
function project(turn: number, base: string): Files {
  const write = (name: string, count: number) =>
    `for i in $(seq 1 ${count}); do echo ${turn} ${name} $i > /work/${name}/$i; done`;
  return {
    Dockerfile: lines(
      ...["FROM busybox AS left", "WORKDIR /work/left", `RUN ${write("left", 40)}`],
      `RUN --mount=type=cache,target=/cache,id=kills --mount=type=secret,id=key,required ${[
        "test -s /run/secrets/key",
        `echo ${turn} > /cache/${turn}`,
        `cp /cache/${turn} /work/left/cached`,
      ].join(" && ")}`,
      ...["FROM busybox AS right", "COPY tree /work/right", `RUN mkdir /work/more && ${write("more", 40)}`],
      ...["RUN rm /work/right/0 /work/more/1 && sleep 0.05"],
      ...[`FROM ${base}`, "COPY --from=left /work /work", "COPY --from=right /work /work"],
      ...[`RUN --mount=type=bind,source=tree,target=/in cp /in/1 /work/bound`, `LABEL turn=${turn}`],
    ),
    ...Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`tree/${n}`, content(turn, n)])),
  };
}

/** `md5  path` of all files that the image has below /work, in the order of their names. */
function expected(turn: number): string {
  const files = new Map<string, string>();
  for (let i = 1; i <= 40; i++) files.set(`left/${i}`, `${turn} left ${i}\n`);
  for (let i = 2; i <= 40; i++) files.set(`more/${i}`, `${turn} more ${i}\n`);
  for (let n = 1; n < FILES; n++) files.set(`right/${n}`, content(turn, n));
  files.set("left/cached", `${turn}\n`).set("bound", content(turn, 1));
  const sum = (text: string) => createHash("md5").update(text).digest("hex");
  const found = [...files].map(([path, text]) => `${sum(text)}  /work/${path}\n`);
  return found.sort((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1)).join("");
}

describe.skipIf(rootMissing || busyboxMissing || registryMissing)(
  "the daemon is killed while it builds",
  () => {
    let d: Daemon;
    let r: Registry;
    let base: string;
    beforeAll(async () => {
      d = await daemon();
      r = await registry(d.host);
      // With busybox's own files below, so that what is built can run.
      base = await r.push("base:1", { layers: [tar({ name: "pulled", content: "x".repeat(1 << 20) })] });
    }, 60_000);
    afterAll(async () => {
      await r?.[Symbol.asyncDispose]();
      await d?.[Symbol.asyncDispose]();
    }, 60_000);

    const headers = { "X-Build-Secrets": btoa(JSON.stringify({ key: btoa(SECRET) })) };
    const built = async (turn: number, from: string, query = {}) => {
      const { error, image } = await build(d, project(turn, from), query, headers);
      if (error !== "") throw new Error(error);
      return image;
    };
    /** Two builds that share steps, one of what has to be pulled, and whoever clears up beside them. */
    const work = async (turn: number) => {
      await d.ask("DELETE", `/images/${base}?force=1`).catch(() => {});
      const pulls = lines(
        `FROM ${base}`,
        `COPY --from=busybox /bin/busybox /bin/sh`,
        `RUN echo ${turn} > /t`,
      );
      await Promise.all([
        built(turn, "busybox", { t: "plain:1" }),
        built(turn, "busybox", { t: "fixed:1", timestamp: TIMESTAMP }),
        build(d, { Dockerfile: pulls }, { t: "pulled:1" }),
        Bun.sleep(150).then(() => d.ask("POST", "/build/prune?all=1")),
      ]);
    };

    test(
      `nothing is left, and no step is poisoned, after ${KILLS} kills at random moments`,
      async () => {
        const began = performance.now();
        await work(0);
        const window = performance.now() - began;
        const seen = { answered: 0, lost: 0 };
        let last = "";
        for (let n = 1; n <= KILLS; n++) {
          const attempt = work(n).then(
            () => "answered" as const,
            () => "lost" as const,
          );
          // The golden ratio: each next moment falls into the largest gap between those before.
          await Bun.sleep(((0.3 + n * 0.618034) % 1) * 1.1 * window);
          await d.end("SIGKILL");
          seen[await attempt]++;
          await d.serve();
          await nothingLeft(d);
          await built(n, "busybox", { t: "plain:1" });
          expect(await filesIn(d, "plain:1")).toBe(expected(n));
          // What an image says of itself is over all bytes of its files: made of what was kept, and made anew.
          last = await built(n, "busybox", { t: "fixed:1", timestamp: TIMESTAMP });
          expect(await built(n, "busybox", { timestamp: TIMESTAMP, nocache: "1" })).toBe(last);
          await soon(() => findings(d), []);
        }
        console.log(`kills: ${KILLS}, window: ${Math.round(window)} ms, outcomes: ${JSON.stringify(seen)}`);
        expect(seen.lost).toBeGreaterThan(0);
        await using fresh = await daemon();
        const { image, error } = await build(
          fresh,
          project(KILLS, "busybox"),
          { timestamp: TIMESTAMP },
          headers,
        );
        expect({ image, error }).toEqual({ image: last, error: "" });
      },
      60_000 + KILLS * 20_000,
    );
  },
);

/** What steps and builds held of the host: processes, cgroups, devices, mounts and folders. */
async function nothingLeft(d: Daemon): Promise<void> {
  const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  const left = async () => ({
    steps: names(join(d.dataRoot, "steps")),
    builds: names(join(d.dataRoot, "build/tmp")),
    halfMounts: names(join(d.dataRoot, "build/mounts")).filter((name) => name.startsWith(".")),
    secrets: names(join(d.execRoot, "build")),
    sockets: names(join(d.execRoot, "containers")),
    ingest: names(join(d.dataRoot, "ingest")),
    half: names(join(d.dataRoot, "snapshots")).filter((name) => name.startsWith(".")),
    natives: nativesOf(d.dataRoot),
    cgroups: cgroupsOf(d.dataRoot).filter((path) => /[0-9a-f]{64}/.test(path)),
    devices: (await d.host.run("ip", ["-o", "link"])).stdout
      .split("\n")
      .filter((line) => line !== "" && !/: (lo|inro-[0-9a-f]{8}|tunl0|sit0)[:@]/.test(line)),
    mounts: readFileSync(`/proc/${d.pid}/mountinfo`, "utf8")
      .split("\n")
      .filter((line) => line.includes(d.dataRoot)),
  });
  const nothing = {
    ...{ steps: [], builds: [], halfMounts: [], secrets: [], sockets: [], ingest: [], half: [] },
    ...{ natives: [], cgroups: [], devices: [], mounts: [] },
  };
  await soon(left, nothing);
  const found = Bun.spawnSync(["grep", "-rl", SECRET, d.dataRoot, d.execRoot]);
  expect(found.stdout.toString()).toBe("");
}

async function filesIn(d: Daemon, image: string): Promise<string> {
  const Cmd = ["sh", "-c", "find /work -type f | LC_ALL=C sort | xargs md5sum"];
  const container = await d.run({ Image: image, Cmd, HostConfig: { NetworkMode: "none" } });
  await d.ask("POST", `/containers/${container}/wait`);
  const log = await logOf(d, container);
  await d.ask("DELETE", `/containers/${container}?force=1`);
  return log;
}
