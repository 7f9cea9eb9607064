import { openExecutor } from "../../kernel/executor/executor.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { resourcesShape } from "../../oci/runtime-spec-shape.ts";
import { parseSize } from "../../oci/size.ts";
import { joinMissing } from "../join-missing.ts";
import { updateLimits } from "../update.ts";
import { type Caller, readCallersFile } from "./caller.ts";
import type { Invocation } from "./commands.ts";
import { badFlag, wholeNumber } from "./options.ts";
import { needCgroups, statusOf } from "./status.ts";
import { checkContainerId, readStored, writeStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** Changes the limits of a container that is there: what is not named stays as it is. */
export async function updateCommand(invocation: Invocation): Promise<number> {
  const { root, operands, native } = invocation;
  const stored = readStored(root, checkContainerId(operands[0]));
  const status = statusOf(root, stored);
  // Whoever is creating it writes its state last, and knows of no other cgroups than its own.
  if (status === "stopped" || status === "creating") {
    throw new InroError("NOT_RUNNING", {
      what: `cannot update the container "${stored.id}"`,
      why: "container not running",
    });
  }
  needCgroups(stored, "update");
  const program = await native();
  const open = () => openExecutor(program);
  const asked = await askedFor(invocation);
  const remember = (cgroups: StoredContainer["cgroups"]) => writeStored(root, { ...stored, cgroups });
  const cgroups = await joinMissing(stored, asked, open, remember);
  await updateLimits(cgroups, asked, open);
  return 0;
}

/** As runc: with --resources all other flags are without effect. */
async function askedFor({ values, caller }: Invocation): Promise<SpecResources> {
  const file = values.get("resources");
  return file === undefined ? fromFlags(values) : await fromFile(caller, file);
}

async function fromFile(caller: Caller, path: string): Promise<SpecResources> {
  try {
    const value: unknown = JSON.parse(
      (await readCallersFile(caller, path === "-" ? "/dev/stdin" : path)).toString(),
    );
    const misfit = resourcesShape(value);
    if (misfit !== undefined) throw new Error(`${misfit.at}: ${misfit.why}`);
    return value as SpecResources;
  } catch (cause) {
    throw new InroError("RESOURCE_INVALID", {
      what: `cannot use the resources in "${path}"`,
      why: (cause as Error).message,
      at: "--resources",
      cause,
    });
  }
}

type Values = ReadonlyMap<string, string>;

function fromFlags(values: Values): SpecResources {
  if (values.has("l3-cache-schema") || values.has("mem-bw-schema")) {
    throw badFlag("--l3-cache-schema", "there is no Intel RDT here");
  }
  const number = (flag: string) => read(values, flag, wholeNumber);
  const bytes = (flag: string) => read(values, flag, parseBytes);
  const text = (flag: string) => read(values, flag, (value) => value);
  const memory = present({
    limit: bytes("memory"),
    reservation: bytes("memory-reservation"),
    swap: bytes("memory-swap"),
    kernel: bytes("kernel-memory"),
    kernelTCP: bytes("kernel-memory-tcp"),
  });
  const cpu = present({
    shares: number("cpu-share"),
    quota: number("cpu-quota"),
    burst: number("cpu-burst"),
    period: number("cpu-period"),
    realtimePeriod: number("cpu-rt-period"),
    realtimeRuntime: number("cpu-rt-runtime"),
    cpus: text("cpuset-cpus"),
    mems: text("cpuset-mems"),
    idle: number("cpu-idle"),
  });
  const blockIO = present({ weight: number("blkio-weight") });
  const pids = present({ limit: number("pids-limit") });
  return present({ memory, cpu, blockIO, pids }) ?? {};
}

function read<T>(values: Values, flag: string, parse: (text: string, flag: string) => T): T | undefined {
  const value = values.get(flag);
  return value === undefined ? undefined : parse(value, `--${flag}`);
}

type Present<T> = { -readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the members that are not there; undefined when none is. */
function present<T extends object>(members: T): Present<T> | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Present<T>);
}

/** `64m`, `1.5G`, `-1`: docker's notation, by powers of 1024. */
export function parseBytes(text: string, flag: string): number {
  if (text === "-1") return -1;
  const bytes = parseSize(text);
  if (bytes === undefined) throw badFlag(`${flag} ${text}`, "its value is no number of bytes");
  return bytes;
}
