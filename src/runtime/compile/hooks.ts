import { isAbsolute, join } from "node:path";
import type { OpOf } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { HookPhase, RuntimeSpec, SpecHook, SpecHooks } from "../../oci/runtime-spec.ts";
import type { OciState } from "../../oci/state.ts";
import { type CompileInput, type Draft, POINT } from "./context.ts";

/** In the order of runtime.md, "Lifecycle". */
export const HOOK_PHASES = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const satisfies readonly HookPhase[];

/** The container that hooks are told of. */
export interface HookSubject {
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hooks: SpecHooks | undefined;
  readonly becauseOf: (pointer: string) => string;
}

/** runtime.md, "State", at the moment of each phase. */
const STATUS: Readonly<Record<HookPhase, OciState["status"]>> = {
  prestart: "creating",
  createRuntime: "creating",
  createContainer: "creating",
  startContainer: "created",
  poststart: "running",
  poststop: "stopped",
};

export interface HookMoment {
  /** Where it begins; "": where its starter is. */
  readonly directory?: string;
  /** The container's, where it is known; otherwise whoever calls the hook puts it in. */
  readonly pid?: number;
}

/** The hooks of one phase, in the listed order. */
export function hookOps(phase: HookPhase, subject: HookSubject, moment: HookMoment = {}): OpOf<"hook">[] {
  return (subject.hooks?.[phase] ?? []).map((hook, index) => {
    const at = `/hooks/${phase}/${index}`;
    check(hook, at);
    const { path, args = [path], env = [], timeout } = hook;
    return {
      kind: "hook",
      phase,
      path,
      argv: args,
      env,
      directory: moment.directory ?? "",
      ...stateText(phase, subject, moment.pid),
      ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
      because: subject.becauseOf(at),
    };
  });
}

/** The state as JSON; a stopped container has no pid. */
function stateText(
  phase: HookPhase,
  { ociVersion, id, bundle, annotations }: HookSubject,
  pid: number | undefined,
): { state: string; pidAt?: number } {
  const status = STATUS[phase];
  if (status === "stopped") return { state: JSON.stringify({ ociVersion, id, status, bundle, annotations }) };
  if (pid !== undefined)
    return { state: JSON.stringify({ ociVersion, id, status, pid, bundle, annotations }) };
  const head = `${JSON.stringify({ ociVersion, id, status }).slice(0, -1)},"pid":`;
  const state = `${head},${JSON.stringify({ bundle, annotations }).slice(1)}`;
  return { state, pidAt: Buffer.byteLength(head) };
}

const MOST_SECONDS = 4_000_000;

function check({ path, timeout }: SpecHook, at: string): void {
  if (typeof path !== "string" || !isAbsolute(path))
    throw invalid(path, "its path is not absolute", `${at}/path`);
  if (timeout === undefined) return;
  if (Number.isInteger(timeout) && timeout > 0 && timeout < MOST_SECONDS) return;
  throw invalid(path, `its timeout of ${timeout} is no number of seconds above 0`, `${at}/timeout`);
}

function invalid(path: string, why: string, at: string): InroError {
  return new InroError("HOOK_INVALID", { what: `cannot call the hook "${path}"`, why, at });
}

interface Specified {
  readonly spec: RuntimeSpec;
  readonly id: string;
  readonly bundle: string;
  readonly becauseOf?: (pointer: string) => string;
}

export const subjectOf = ({ spec, id, bundle, becauseOf = (at) => at }: Specified): HookSubject => ({
  ociVersion: spec.ociVersion,
  id,
  bundle,
  annotations: spec.annotations ?? {},
  hooks: spec.hooks,
  becauseOf,
});

export const hasHooks = ({ hooks }: Pick<RuntimeSpec, "hooks">): boolean =>
  HOOK_PHASES.some((phase) => (hooks?.[phase] ?? []).length > 0);

/** Where the container's root lies before `pivot`, in its mount namespace. */
export const rootfsPath = (rootfs: Rootfs): string =>
  rootfs.kind === "folder" ? rootfs.path : join(rootfs.folder, rootfs.mountpoint);

/**
 * config.md: prestart and createRuntime hooks are called in the runtime's namespaces, createContainer hooks in the
 * container's, all after everything is mounted and before `pivot`. Until then the container still has the host's root,
 * where the paths of all three resolve. What is masked or becomes read-only does so afterwards: hooks may mount there.
 */
export function compileCreateHooks({ plan }: Draft, input: CompileInput): void {
  const subject = subjectOf(input);
  const outside = [
    ...hookOps("prestart", subject, { directory: input.bundle }),
    ...hookOps("createRuntime", subject, { directory: input.bundle }),
  ];
  const because = outside[0]?.because;
  if (because !== undefined) {
    plan.map.push({ kind: "await", point: POINT.built, because }, ...outside, {
      kind: "release",
      point: POINT.hooked,
      because,
    });
    plan.build.push(
      { kind: "release", point: POINT.built, because },
      { kind: "await", point: POINT.hooked, because },
    );
  }
  plan.build.push(...hookOps("createContainer", subject, { directory: rootfsPath(input.rootfs) }));
}
