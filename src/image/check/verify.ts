import { algorithmOf, type Digest, digester } from "../../oci/digest.ts";
import { reasonOf } from "../../oci/error.ts";
import type { Blobs } from "../layout/blobs.ts";

/** What became of a blob; `why` is for people. */
export type Verdict =
  | { readonly state: "sound" }
  | { readonly state: "missing" | "damaged"; readonly why: string };

export interface Verifier {
  /** Reads a blob whole, once however many lead to it. `size`: what they say of it. */
  verify(digest: Digest, size: number): Promise<Verdict>;
  readonly seen: { readonly blobs: number; readonly bytes: number };
}

export function verifier(blobs: Blobs): Verifier {
  const verdicts = new Map<Digest, Promise<Verdict>>();
  const seen = { blobs: 0, bytes: 0 };
  const read = async (digest: Digest): Promise<Verdict> => {
    const hash = digester(algorithmOf(digest));
    try {
      for await (const chunk of blobs.stream(digest)) {
        hash.update(chunk);
        seen.bytes += chunk.length;
      }
    } catch (error) {
      return {
        state: "damaged",
        why: `it cannot be read: ${reasonOf(error)}`,
      };
    }
    const found = hash.digest();
    return found === digest ? { state: "sound" } : { state: "damaged", why: `its content is ${found}` };
  };
  return {
    seen,
    async verify(digest, size) {
      const stored = blobs.sizeOf(digest);
      if (stored === undefined) return { state: "missing", why: "it is not in the store" };
      if (stored !== size)
        return { state: "damaged", why: `it has ${stored} bytes, and ${size} are on record` };
      const known = verdicts.get(digest);
      if (known !== undefined) return known;
      seen.blobs++;
      const verdict = read(digest);
      verdicts.set(digest, verdict);
      return verdict;
    },
  };
}
