/** `save`: images of the store as one tar that is a docker-archive (manifest.json) and an OCI layout at once. */
import { algorithmOf, type Digest, digester } from "../../oci/digest.ts";
import { type Blobs, digestMismatch } from "../layout/blobs.ts";
import { plainEntry } from "../tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../tar/writer.ts";
import { pathOf, type SavePlan } from "./save-plan.ts";

const header = (name: string, size: number): Buffer =>
  tarHeader({ ...plainEntry, type: "file", name, mode: 0o644, size });

/** The blob, which ends in an error rather than as an archive of something else. */
async function* verified(blobs: Blobs, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = digester(algorithmOf(digest));
  for await (const chunk of blobs.stream(digest)) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest();
  if (found !== digest) throw digestMismatch(digest, found, `cannot save blob ${digest}`);
}

/** The tar, from the store's own files. Throws DIGEST_MISMATCH where a blob was damaged on the disk. */
export async function* archiveOf(blobs: Blobs, plan: SavePlan): AsyncGenerator<Uint8Array> {
  for (const [name, content] of plan.documents)
    yield Buffer.concat([header(name, content.length), content, tarPadding(content.length)]);
  for (const [digest, size] of plan.blobs) {
    yield header(pathOf(digest), size);
    yield* verified(blobs, digest);
    yield tarPadding(size);
  }
  yield tarEnd;
}
