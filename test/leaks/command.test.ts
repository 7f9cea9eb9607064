import { dlopen, FFIType } from "bun:ffi";
import { describe, expect, test } from "bun:test";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canRun, openWorld } from "../conformance/suite/world.ts";
import { CYCLES, holdingsOf, kernelMemory, settled } from "./holdings.ts";

// prctl(2): processes that lose their parent become this one's children, where they can be counted.
const PR_SET_CHILD_SUBREAPER = 36;
const { prctl } = dlopen("libc.so.6", {
  prctl: { args: [FFIType.i32, FFIType.u64], returns: FFIType.i32 },
}).symbols;

const children = (): string[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .filter((pid) => !/^State:\tZ/m.test(statusOf(pid)));

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "State:\tZ";
  }
}

describe.skipIf(!canRun)("the OCI command line", () => {
  test(
    `leaves nothing after ${CYCLES} times create, start, delete`,
    async () => {
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      await using c = openWorld();
      process.env["INRO_WARM"] = c.room;
      const hooks = { createRuntime: [{ path: "/bin/true" }], poststop: [{ path: "/bin/true" }] };
      const limits = { resources: { pids: { limit: 10 } } };
      const namespaces = ["pid", "mount", "ipc", "uts", "network", "cgroup"].map((type) => ({ type }));
      const one = c.container({ process: { args: ["true"] }, hooks, linux: { ...limits, namespaces } });
      // Who serves the commands stays, holds as much after them as before, and is the only one that stays.
      const look = () => ({
        ...holdingsOf("self", c.room),
        children: children().map((pid) => holdingsOf(Number(pid), c.room).descriptors),
        states: readdirSync(join(c.room, "state")).filter((name) => !name.startsWith(".")),
        cgroups: globSync(`/sys/fs/cgroup/{.,*}/inro-conformance-${process.pid}/*/`),
      });
      const cycle = async () => {
        expect(await one.create()).toMatchObject({ code: 0 });
        expect(await one.start()).toMatchObject({ code: 0 });
        await one.stopped();
        expect(await one.delete()).toMatchObject({ code: 0 });
      };
      for (let n = 0; n < 3; n++) await cycle();
      // The executor of the last hooks ends a little after the command.
      let last = "";
      for (let now = JSON.stringify(look()); now !== last; now = JSON.stringify(look())) {
        last = now;
        await Bun.sleep(100);
      }
      const [before, kernel, began] = [look(), kernelMemory(), performance.now()];
      for (let n = 0; n < CYCLES; n++) await cycle();
      const milliseconds = Math.round(performance.now() - began);
      expect(await settled(look, before)).toEqual(before);
      expect(before).toMatchObject({ children: [expect.any(Array)], states: [], cgroups: [], mounts: 0 });
      console.log(
        `command: ${CYCLES} cycles in ${milliseconds} ms; kernel memory ${kernelMemory() - kernel} kB more`,
      );
    },
    CYCLES * 2000 + 60_000,
  );
});
