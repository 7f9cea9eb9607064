import { parseMountOptions } from "../kernel/mounts.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { BindSource } from "./compile/context.ts";
import { failureOf } from "./failure.ts";

/** What a plan needs to know of sources that only the kernel knows. */
export interface Survey {
  /** What was asked: the operations that fill the first slots. */
  readonly ops: readonly Op[];
  readonly sources: ReadonlyMap<number, BindSource>;
  readonly firstSlot: number;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** A native process that can be asked; the answer may be there already. */
export interface Surveyor {
  batch(ops: readonly Op[]): readonly OpRecord[] | Promise<readonly OpRecord[]>;
}

/**
 * Clones the sources of bind mounts into slots of the process that will execute the plan: what is mounted later is what
 * was looked at here, whatever happens to the path meanwhile.
 */
export async function survey(
  executor: Surveyor,
  spec: RuntimeSpec,
  becauseOf: (pointer: string) => string,
  host: string,
): Promise<Survey> {
  const wanted = (spec.mounts ?? []).flatMap((mount, index) => {
    const { bind, recursive, remount } = parseMountOptions(mount.options ?? [], mount.type);
    return bind && !remount ? [{ index, path: mount.source ?? "", recursive }] : [];
  });
  if (wanted.length === 0) return { ops: [], sources: new Map(), firstSlot: 0 };
  const ops = wanted.map(({ index, path, recursive }, out): OpOf<"cloneTree"> => {
    return { kind: "cloneTree", out, path, recursive, because: becauseOf(`/mounts/${index}`) };
  });
  const records = await executor.batch(ops);
  const failed = records.find(({ errno }) => errno !== 0);
  if (failed !== undefined) throw failureOf(ops[failed.index] as OpOf<"cloneTree">, failed, host);
  const sources = wanted.map(({ index }, slot): [number, BindSource] => {
    const mode = records[slot]?.value ?? 0;
    return [index, { slot, directory: (mode & S_IFMT) === S_IFDIR }];
  });
  return { ops, sources: new Map(sources), firstSlot: ops.length };
}
