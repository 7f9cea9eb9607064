import type { CgroupFolder, CgroupSet } from "../../kernel/cgroup/set.ts";
import { InroError } from "../../oci/error.ts";
import type { HookPhase, SpecHook, SpecHooks } from "../../oci/runtime-spec.ts";

/** What the OCI command line remembers of a container between two calls. */
export interface StoredContainer {
  readonly version: 1;
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat (proc_pid_stat(5)): with the pid it names one process of this boot. */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id: a root on disk outlives the processes in it. */
  readonly boot: string;
  /** Absolute below every hierarchy that it joined. */
  readonly cgroupPath: string;
  readonly cgroups: CgroupSet;
  /** The end of its first process is the end of all. */
  readonly ownPids: boolean;
  readonly created: string;
  /** Uid of whoever created it. */
  readonly owner: number;
  /** The start goes through the FIFO in the container's folder. */
  readonly gated: boolean;
  /** Until it stands at its gate: pid and startTime are its creator's. */
  readonly creating: boolean;
  /** What `start` and `delete` have to call. */
  readonly hooks: SpecHooks;
}

export const hasHooks = ({ hooks }: StoredContainer, phase: HookPhase): boolean =>
  (hooks[phase] ?? []).length > 0;

/** Whatever stands in the file: a state that is whole, or an error that names the file. */
export function parseStored(text: string, id: string, path: string): StoredContainer {
  const damaged = (why: string): InroError =>
    new InroError("STATE_DAMAGED", {
      what: `cannot read the state of the container "${id}"`,
      why: `${path} ${why}`,
      hint: "delete it with --force",
      at: path,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(`is not JSON: ${(cause as Error).message}`);
  }
  if (!isStored(value)) throw damaged("does not hold a state of this version");
  if (value.id !== id) throw damaged(`is the state of "${value.id}"`);
  return value;
}

const STRINGS = [
  "ociVersion",
  "id",
  "bundle",
  "rootfs",
  "startTime",
  "boot",
  "cgroupPath",
  "created",
] as const;

function isStored(value: unknown): value is StoredContainer {
  const stored = value as StoredContainer | null;
  return (
    typeof stored === "object" &&
    stored !== null &&
    stored.version === 1 &&
    STRINGS.every((name) => typeof stored[name] === "string") &&
    /^\d+$/.test(stored.startTime) &&
    Number.isInteger(stored.pid) &&
    stored.pid > 0 &&
    Number.isInteger(stored.owner) &&
    typeof stored.gated === "boolean" &&
    typeof stored.creating === "boolean" &&
    areHooks(stored.hooks) &&
    typeof stored.ownPids === "boolean" &&
    isTexts(stored.annotations) &&
    Array.isArray(stored.cgroups) &&
    stored.cgroups.every(isCgroupFolder)
  );
}

const isTexts = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((text) => typeof text === "string");

const areHooks = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((list) => Array.isArray(list) && list.every(isHook));

const isHook = (value: unknown): boolean => typeof (value as Partial<SpecHook> | null)?.path === "string";

/** What is killed and removed by this word has to be a cgroup's folder. */
function isCgroupFolder(value: unknown): boolean {
  const { version, path, controllers } = (value ?? {}) as Partial<CgroupFolder>;
  return (
    (version === 1 || version === 2) &&
    typeof path === "string" &&
    path.startsWith("/") &&
    !path.split("/").includes("..") &&
    Array.isArray(controllers) &&
    controllers.every((name) => typeof name === "string")
  );
}
