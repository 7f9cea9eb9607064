import { ACTS } from "../../../src/kernel/plan/act.ts";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { compile } from "../../../src/runtime/compile/compile.ts";
import type { CompileInput } from "../../../src/runtime/compile/context.ts";
import { recordedHost } from "../../kernel/cgroup/hosts.ts";

const ALL_CAPABILITIES = (1n << 41n) - 1n;

export function inputOf(
  host: "v1" | "hybrid" | "v2",
  spec: RuntimeSpec,
  more: Partial<CompileInput> = {},
): CompileInput {
  return {
    id: "abc",
    spec,
    rootfs: {
      kind: "overlay",
      folder: "/r",
      lower: ["l/0", "l/1"],
      upper: "upper",
      work: "work",
      mountpoint: "m",
    },
    bundle: "/b",
    facts: {
      architecture: "x86_64",
      hierarchies: recordedHost(host),
      mounted: recordedHost(host),
      boundingSet: ALL_CAPABILITIES,
      privilege: "host",
      searchPath: "",
    },
    sources: new Map(),
    netDevices: new Map(),
    nodes: new Map(),
    setgroups: "allowed",
    firstSlot: 0,
    filter: undefined,
    cgroupPath: "/inro/abc",
    keeper: {
      kind: "monitor",
      folder: "/r",
      socketFolder: "/s",
      log: { path: "/r/log/container.log", maxSize: 10, maxFiles: 3 },
      exitFile: "/r/exit.json",
      openStdin: false,
      stdinOnce: false,
    },
    useInit: false,
    newKeyring: true,
    fragments: [],
    becauseOf: (pointer) => pointer,
    ...more,
  };
}

export const compiled = (...args: Parameters<typeof inputOf>): Plan => compile(inputOf(...args));

/** One line an operation: `act kind field=value … ← because`. */
export function printed(plan: Plan): string {
  return ACTS.flatMap((act) => plan[act].map((op) => `${act} ${line(op)}`)).join("\n");
}

function line({ kind, because, ...fields }: Op): string {
  const values = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
  return [kind, ...values, `← ${because}`].join(" ");
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `[${value.join(" ")}]`;
  return String(value);
}

/** The kinds of one act, in their order. */
export const kinds = (plan: Plan, act: keyof Plan): string[] => plan[act].map(({ kind }) => kind);
