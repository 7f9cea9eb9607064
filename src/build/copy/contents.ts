import type { SeenEntry } from "../../image/tree/entry.ts";
import type { TreeLook } from "../../image/tree/look.ts";
import { type Digest, type Digester, digester } from "../../oci/digest.ts";
import { spent } from "../../platform/spent.ts";
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

/** `entry` is the file as it was when its reading began. */
async function* hashed(
  look: TreeLook,
  files: readonly SeenEntry[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly entry: SeenEntry; readonly digest: Digest }> {
  let open: { readonly entry: SeenEntry; readonly hash: Digester } | undefined;
  for await (const part of look.contents(files.map(({ path }) => path))) {
    signal?.throwIfAborted();
    if (part.kind === "data") {
      open?.hash.update(part.bytes);
      spent(part.bytes.length);
      continue;
    }
    if (open !== undefined) yield { entry: open.entry, digest: open.hash.digest() };
    open = { entry: part.entry, hash: digester() };
  }
  if (open !== undefined) yield { entry: open.entry, digest: open.hash.digest() };
}
