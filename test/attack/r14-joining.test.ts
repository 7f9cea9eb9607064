import { expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openTalking, simplePlan } from "../kernel/plan/simple.ts";

const isRoot = process.getuid?.() === 0;
const because = "exec";
const NEW_PID = 0x20000000;
const NEW_MOUNT = 0x00020000;

/** Descriptors that a process holds, but for its three streams. */
function held(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .filter((fd) => Number(fd) > 2)
    .map((fd) => readlinkSync(`${folder}/${fd}`));
}

test.skipIf(!isRoot)(
  "R14 what joins a container is closed to it and holds no folder of the host (CVE-2016-9962)",
  async () => {
    using container = openTalking();
    const { pid } = await container.executor.plan(simplePlan({ argv: ["probe", "wait"] }));
    await container.executor.start();
    using joining = openTalking();
    const simple = simplePlan({ argv: ["probe", "exit", "0"] });
    const open = (out: number, name: string) =>
      ({ kind: "openPath", out, path: `/proc/${pid}/ns/${name}`, use: "read", because }) as const;
    await joining.executor.plan({
      ...simple,
      host: [
        ...simple.host,
        open(1, "pid"),
        open(2, "mnt"),
        { kind: "openPath", out: 3, path: "/etc", use: "directory", because },
      ],
      clone: [
        { kind: "joinNamespace", ns: 1, type: NEW_PID, because },
        { kind: "clone", flags: 0, pidfd: 9, because },
      ],
      build: [
        { kind: "dumpable", on: false, because },
        { kind: "joinNamespace", ns: 2, type: NEW_MOUNT, because },
        { kind: "await", point: 1, because },
      ],
    });
    const child = Number(
      readFileSync(`/proc/${joining.executor.pid}/task/${joining.executor.pid}/children`, "utf8"),
    );
    // At its gate, inside: a socket to its parent and the namespaces that it joined.
    expect(held(child).filter((target) => !/^(socket|pid|mnt):/.test(target))).toEqual([]);
    // A process that is not dumpable belongs to root in procfs, whoever it runs as (proc(5)).
    expect(readFileSync(`/proc/${child}/status`, "utf8")).toMatch(/^Uid:\t65534/m);
    expect(Bun.spawnSync(["stat", "-c", "%u", `/proc/${child}/fd`]).stdout.toString()).toBe("0\n");
    // The namespace's first process ends when everything in it is reaped.
    await joining.executor.close();
    process.kill(pid, "SIGKILL");
    await container.executor.ended;
  },
);
