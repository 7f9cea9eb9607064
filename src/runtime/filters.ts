import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { NativeArchitecture } from "../kernel/seccomp/architecture.ts";
import { INSTRUCTION_BYTES } from "../kernel/seccomp/bpf.ts";
import { exactJson } from "../oci/json.ts";
import type { SpecSeccomp } from "../oci/runtime-spec.ts";
import { sha256 } from "../platform/hash.ts";

/** Part of a filter's name on disk: raised whenever the assembler makes another program of the same specification. */
const ASSEMBLER_VERSION = 1;
const PRIVATE = 0o700;

/** The filter of a specification; undefined when it asks for none. */
export type AssembleFilter = (seccomp: SpecSeccomp | undefined) => Promise<Uint8Array | undefined>;

/**
 * Assembling takes milliseconds and its tables must be loaded first, so filters are kept: in memory, and in a folder
 * that only root can write to, under a name made of everything that they depend on.
 */
export function openFilters(folder: string, architecture: NativeArchitecture): AssembleFilter {
  const known = new Map<string, Uint8Array>();
  return async (seccomp) => {
    if (seccomp === undefined) return undefined;
    // Whoever is told of a container by its filter's listener makes no other filter of it.
    const { listenerPath: _, listenerMetadata: __, ...rules } = seccomp;
    const content = `${ASSEMBLER_VERSION} ${architecture} ${exactJson(rules)}`;
    const name = sha256(content);
    const kept = known.get(name) ?? readKept(`${folder}/${name}`);
    const filter = kept ?? (await assemble(seccomp, architecture));
    if (kept === undefined) keep(folder, name, filter);
    known.set(name, filter);
    return filter;
  };
}

async function assemble(seccomp: SpecSeccomp, architecture: NativeArchitecture): Promise<Uint8Array> {
  const { assembleFilter } = await import("../kernel/seccomp/assemble.ts");
  return assembleFilter(seccomp, architecture);
}

function readKept(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length > 0 && bytes.length % INSTRUCTION_BYTES === 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function keep(folder: string, name: string, filter: Uint8Array): void {
  mkdirSync(folder, { recursive: true, mode: PRIVATE });
  const unfinished = `${folder}/${name}.${process.pid}`;
  writeFileSync(unfinished, filter, { mode: 0o600 });
  renameSync(unfinished, `${folder}/${name}`);
}
