import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { family } from "../../bench/memory.ts";
import { lines } from "../build/building.ts";
import { busyboxMissing, loadBusybox } from "../clients/busybox.ts";
import { residentOf } from "../leaks/holdings.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A short run in the gate; `INRO_LOAD=1 npm test -- test/load` is the bench's context. */
const MEGABYTES = process.env["INRO_LOAD"] === undefined ? 96 : 1024;
/** Kilobytes that a daemon that builds, and what works for it, may take beyond one that rests and has built nothing yet. */
const MORE = 60 * 1024;
const LIMIT = 600_000;

describe.skipIf(rootMissing || busyboxMissing)("a daemon that builds what is large", () => {
  let host: Host;
  let engine: TestEngine;
  let pid = 0;
  let idle = 0;

  beforeAll(async () => {
    host = await ownHost();
    engine = await testEngine(host);
    await loadBusybox(engine);
    pid = Number(readFileSync(join(engine.execRoot, "inro.pid"), "utf8"));
    await Bun.sleep(2000);
    idle = residentOf(pid);
  }, LIMIT);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, LIMIT);

  /** The daemon's and its own programs', but not those that run in steps. */
  const memory = () =>
    family(pid).reduce((sum, each) => {
      try {
        const isOurs = each === pid || readlinkSync(`/proc/${each}/exe`).includes("inro-native");
        return sum + (isOurs ? residentOf(each) : 0);
      } catch {
        return sum;
      }
    }, 0);

  /** Kilobytes more than idle that a command line of `"$@"`, which is inro, has the daemon take at most. */
  async function peakOf(script: string): Promise<number> {
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, memory());
    }, 50);
    try {
      const { code, stderr } = await host.run("sh", ["-c", script, "sh", ...engine.command]);
      expect({ script, code, stderr: code === 0 ? "" : stderr }).toEqual({ script, code: 0, stderr: "" });
    } finally {
      clearInterval(timer);
    }
    return peak - idle;
  }

  test(
    `takes no more for ${MEGABYTES} MB, whether they are copied, sent, written or printed`,
    async () => {
      using folder = temporaryFolder("load");
      const context = join(folder.path, "context");
      mkdirSync(join(context, "data"), { recursive: true });
      for (let n = 0; n < MEGABYTES; n++)
        writeFileSync(join(context, "data", `${n}.bin`), randomBytes(1 << 20));
      writeFileSync(join(context, "Dockerfile"), lines("FROM busybox", "COPY data /data", "RUN ls /data"));
      const dockerfile = (name: string, ...all: string[]) =>
        writeFileSync(join(folder.path, name), lines("FROM busybox", ...all));
      dockerfile(
        "small",
        `RUN mkdir d; for i in $(seq ${MEGABYTES * 20}); do head -c 50000 /dev/urandom > d/$i; done`,
      );
      dockerfile("written", `RUN head -c ${MEGABYTES}m /dev/urandom > /big`);
      dockerfile("printed", `RUN head -c ${MEGABYTES}m /dev/urandom | base64`);
      const peaks: Record<string, number> = {};
      const step = async (name: string, script: string) => {
        peaks[name] = await peakOf(script);
      };
      const q = (name: string) => `"${join(folder.path, name)}"`;
      await step("copied", `"$@" build -t copied ${q("context")} 2>/dev/null`);
      writeFileSync(join(context, "data/0.bin"), "changed");
      await step("copied again", `"$@" build -t copied ${q("context")} 2>/dev/null`);
      await step("sent", `tar -C ${q("context")} -c . | "$@" build --no-cache -t sent - 2>/dev/null`);
      await step("small files written", `"$@" build -t small - <${q("small")} 2>/dev/null`);
      await step("one file written", `"$@" build -t written - <${q("written")} 2>/dev/null`);
      await step("printed", `"$@" build --no-cache - <${q("printed")} >/dev/null 2>&1`);
      console.log(`load: kB more than idle (${idle}): ${JSON.stringify(peaks)}`);
      for (const [name, peak] of Object.entries(peaks))
        expect({ name, isBounded: peak < MORE }).toEqual({ name, isBounded: true });
    },
    LIMIT,
  );
});
