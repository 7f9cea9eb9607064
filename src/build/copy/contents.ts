import type { SeenEntry } from "../../image/tree/entry.ts";
import type { Hashed, TreeLook } from "../../image/tree/look.ts";
import type { Digest } from "../../oci/digest.ts";
import type { FileDigests } from "./file-digests.ts";
import { isSettled, stampOf } from "./stamp.ts";

export interface Contents {
  /** Of every file, by its identity. */
  readonly digests: ReadonlyMap<string, Digest>;
  /** Files that were changed so shortly before they were read that a change afterwards would not show. */
  readonly young: ReadonlySet<string>;
}

/** The digests of files' contents: those that are known by their stamps, and for the others they are read. */
export async function contentsOf(
  look: TreeLook,
  files: readonly SeenEntry[],
  known: FileDigests | null,
  signal: AbortSignal | undefined,
): Promise<Contents> {
  const digests = new Map<string, Digest>();
  const unknown: SeenEntry[] = [];
  const asked = new Set<string>();
  for (const file of files) {
    // One of several names.
    if (asked.has(file.identity)) continue;
    asked.add(file.identity);
    const digest = known?.find(stampOf(file));
    if (digest === undefined) unknown.push(file);
    else digests.set(file.identity, digest);
  }
  const young = new Set<string>();
  const settled: { readonly file: SeenEntry; readonly digest: Digest }[] = [];
  const at = Date.now();
  let next = 0;
  for await (const { entry, digest } of hashed(look, unknown, signal)) {
    const file = unknown[next++] as SeenEntry;
    digests.set(file.identity, digest);
    if (isSettled(entry, at)) settled.push({ file: entry, digest });
    else young.add(file.identity);
  }
  known?.keep(settled.map(({ file, digest }) => ({ ...stampOf(file), digest })));
  return { digests, young };
}

/** Ends at once where it is not wanted any more, however large the file in hand is. */
async function* hashed(
  look: TreeLook,
  files: readonly SeenEntry[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Hashed> {
  const stop = () => void look[Symbol.asyncDispose]();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    yield* look.digests(files.map(({ path }) => path));
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
