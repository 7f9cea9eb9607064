import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Executor, openExecutor } from "../../../src/kernel/executor/executor.ts";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";
import { verify } from "../../../src/kernel/plan/verify.ts";
import { nativeProgram, probeProgram } from "../../native/programs.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { allowAll } from "./good.ts";

const NAMESPACES = 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000;
const PRIVATE = 1 << 18;
const because = "test";

export interface Simple {
  readonly argv?: readonly string[];
  readonly candidates?: readonly string[];
  readonly env?: readonly string[];
  readonly directory?: string;
  readonly useInit?: boolean;
  readonly filter?: Uint8Array;
  /** A file of the host's that becomes /file. */
  readonly file?: string;
  readonly host?: readonly Op[];
  /** In front of the clone. */
  readonly clone?: readonly Op[];
  /** In front of the filter. */
  readonly confine?: readonly Op[];
  /** In front of pivot. */
  readonly build?: readonly Op[];
  /** In front of closeRange. */
  readonly become?: readonly Op[];
  readonly undo?: readonly Op[];
}

/** A container of one program on a tmpfs, with /proc; root is slot 10, /proc slot 12. */
export function simplePlan(o: Simple): Plan {
  const candidates = o.candidates ?? ["/probe"];
  const bind = (out: number, source: string, path: string): Op[] => [
    { kind: "cloneTree", out, path: source, recursive: false, because },
    { kind: "ensureMountpoint", root: 10, path, directory: false, mode: 0o755, because },
    { kind: "attach", tree: out, root: 10, path, destination: "in-root", because },
  ];
  return {
    host: [{ kind: "inheritStdio", because }, ...(o.host ?? [])],
    clone: [...(o.clone ?? []), { kind: "clone", flags: NAMESPACES, pidfd: 1, because }],
    map: [
      { kind: "rlimit", resource: 7, soft: 512n, hard: 512n, because },
      { kind: "release", point: 1, because },
    ],
    build: [
      { kind: "dumpable", on: false, because },
      { kind: "setPropagation", propagation: PRIVATE, because },
      { kind: "hostname", name: "simple", because },
      {
        kind: "fsMount",
        out: 10,
        fstype: "tmpfs",
        source: "tmpfs",
        options: ["mode=755"],
        attributes: 0,
        because,
      },
      { kind: "openPath", out: 11, path: "/mnt", use: "directory", because },
      { kind: "attach", tree: 10, root: 11, path: "", destination: "in-root", because },
      ...bind(13, probeProgram(), "probe"),
      ...(o.file === undefined ? [] : bind(14, o.file, "file")),
      { kind: "ensureMountpoint", root: 10, path: "proc", directory: true, mode: 0o755, because },
      { kind: "fsMount", out: 12, fstype: "proc", source: "proc", options: [], attributes: 14, because },
      { kind: "attach", tree: 12, root: 10, path: "proc", destination: "real-directory", because },
      { kind: "readonlyPath", root: 10, path: "proc/sys", because },
      { kind: "openPath", out: 15, path: "/dev/null", use: "any", because },
      { kind: "mask", root: 10, path: "proc/timer_list", null: 15, because },
      { kind: "mask", root: 10, path: "proc/acpi", null: 15, because },
      ...(o.build ?? []),
      { kind: "pivot", root: 10, because },
      { kind: "await", point: 1, because },
    ],
    confine: [
      { kind: "stdio", terminal: false, uid: 0, because },
      { kind: "session", terminal: false, because },
      ...(o.confine ?? []),
      { kind: "seccomp", filter: o.filter ?? allowAll, flags: 0, because },
      { kind: "umask", mask: 0o22, because },
      { kind: "boundingSet", keep: 0n, because },
      { kind: "keepCapabilities", on: true, because },
      { kind: "groups", gids: [], because },
      { kind: "user", uid: 65534, gid: 65534, because },
      { kind: "keepCapabilities", on: false, because },
      { kind: "capabilities", effective: 0n, permitted: 0n, inheritable: 0n, because },
      { kind: "ambient", set: 0n, because },
      { kind: "workingDirectory", path: o.directory ?? "/", create: false, optional: false, because },
      { kind: "parentDeath", signal: 9, because },
      { kind: "findProgram", candidates, program: "probe", because },
      { kind: "gate", because },
    ],
    become: [
      ...(o.become ?? []),
      { kind: "closeRange", from: 3, because },
      ...(o.useInit === true ? [{ kind: "reaper", because } as const] : []),
      { kind: "exec", candidates, argv: o.argv ?? ["probe"], env: o.env ?? [], because },
    ],
    undo: o.undo ?? [],
  };
}

/** An executor whose standard output is a file that can be read at any time. */
export function openTalking(): { readonly executor: Executor; output(): string } & Disposable {
  const folder = temporaryFolder("plan");
  const path = join(folder.path, "output");
  const fd = openSync(path, "w");
  const executor = openExecutor(nativeProgram(), [fd, fd, fd]);
  closeSync(fd);
  return {
    executor,
    output: () => readFileSync(path, "utf8"),
    [Symbol.dispose]: () => {
      executor[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Runs a verified simple plan to its end. */
export async function runSimple(o: Simple) {
  using talking = openTalking();
  const plan = simplePlan(o);
  verify(plan);
  const { records, pid } = await talking.executor.plan(plan);
  const started = await talking.executor.start();
  const end = await talking.executor.ended;
  return { ...end, pid, records: [...records, ...started], output: talking.output() };
}
