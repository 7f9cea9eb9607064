import { describe, expect, test } from "bun:test";
import { globSync } from "node:fs";
import { cgroupsOf, daemon, nativesOf } from "../crash/daemon.ts";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { CYCLES, holdingsOf, kernelMemory, memoryOf, settled } from "./holdings.ts";

/**
 * What the daemon's memory may grow by, per container. Its first ones warm the heap and the compiler up, so that only a long
 * run is judged; and only at rest, as the heap of a daemon at work is larger than what it holds.
 */
const GROWTH_KB = 8;
const LONG_RUN = 500;
/** Milliseconds in which a daemon that rests has given back what only work took (main/serve.ts, whenIdle). */
const REST = CYCLES >= LONG_RUN ? 35_000 : 0;

async function memoryAtRest(pid: number): Promise<number> {
  await Bun.sleep(REST);
  return memoryOf(pid);
}

describe.skipIf(rootMissing || busyboxMissing)("the engine", () => {
  test(
    `holds nothing more after ${CYCLES} containers`,
    async () => {
      await using d = await daemon();
      const look = async () => ({
        ...holdingsOf(d.pid, d.dataRoot),
        cgroups: cgroupsOf(d.dataRoot).filter((path) => /[0-9a-f]{64}$/.test(path)),
        natives: nativesOf(d.dataRoot).length,
        interfaces: (await d.host.run("cat", ["/proc/net/dev"])).stdout
          .match(/^ *\w+:/gm)
          ?.map((name) => name.trim()),
        files: globSync(`${d.dataRoot}/**`)
          .concat(globSync(`${d.execRoot}/**`))
          .filter(lasting)
          .sort(),
        listed: JSON.parse(await d.ask("GET", "/containers/json?all=1")).length,
      });
      const cycle = async (n: number) => {
        const ports = { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(20_000 + (n % 10)) }] };
        const HostConfig = { Mounts: [{ Type: "volume", Target: "/data" }], PortBindings: ports };
        const id = await d.run({ Cmd: ["echo", "out"], HostConfig });
        expect(JSON.parse(await d.ask("POST", `/containers/${id}/wait`)).StatusCode).toBe(0);
        await d.ask("DELETE", `/containers/${id}?v=1`);
      };
      const warm = Math.max(5, Math.round(CYCLES / 5));
      for (let n = 0; n < warm; n++) await cycle(n);
      const before = await settled(look, { ...(await look()), natives: 0 });
      const [memory, kernel, began] = [await memoryAtRest(d.pid), kernelMemory(), performance.now()];
      for (let n = 0; n < CYCLES; n++) await cycle(n);
      const milliseconds = Math.round(performance.now() - began);
      const grown = (await memoryAtRest(d.pid)) - memory;
      expect(await settled(look, before)).toEqual(before);
      expect(before).toMatchObject({ mounts: 0, cgroups: [], natives: 0, listed: 0 });
      if (CYCLES >= LONG_RUN) expect(grown).toBeLessThan(GROWTH_KB * CYCLES);
      console.log(
        `engine: ${CYCLES} cycles in ${milliseconds} ms; daemon ${memory} kB and ${grown} kB more, ` +
          `${before.descriptors.length} descriptors; kernel memory ${kernelMemory() - kernel} kB more`,
      );
    },
    CYCLES * 2000 + 60_000 + 2 * REST,
  );
});

/** The database's own files come and go with its checkpoints; the mark of a layer goes when the disk has it (ADR 7). */
const lasting = (path: string): boolean => !/inro\.db|\/unsynced$/.test(path);
