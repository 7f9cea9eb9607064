/** Verifying an image against a signed rule: by what is kept of it, or by what its registry has. */
import type { Digest } from "../../oci/digest.ts";
import type { PublicKey } from "../../oci/public-key.ts";
import type { Signature } from "../../oci/simple-signing.ts";
import type { Source } from "../registry/sources.ts";
import type { Proof } from "./evidence.ts";
import { type Looked, maxLooked, orNote, signaturesOf } from "./find.ts";
import { type Asked, judge, subjectsOf, type Wanted } from "./judge.ts";

/** A signature that lets an image in. */
export interface Verified {
  readonly signature: Signature;
  readonly key: PublicKey;
  /** Of the manifest or index that it is over. */
  readonly digest: Digest;
}

/** What was looked at, when nothing of it lets the image in. */
export interface Unverified {
  readonly looked: number;
  /** Completes "a signature …". */
  readonly whys: readonly string[];
  /** What could not be read. */
  readonly notes: readonly string[];
}

export type Outcome = Verified | Unverified;

export const isVerified = (outcome: Outcome): outcome is Verified => "key" in outcome;

const distinct = (whys: readonly string[]) => [...new Set(whys)].slice(0, 3);

/** By what is kept of the manifests of an image. */
export function verifyKept(proofs: readonly Proof[], manifests: readonly Digest[], asked: Asked): Outcome {
  const indexes = proofs.flatMap((proof) => proof.indexes);
  const wanted: Wanted = { ...asked, subjects: subjectsOf(manifests, indexes) };
  const whys: string[] = [];
  const signatures = proofs.flatMap((proof) => proof.signatures);
  for (const signature of signatures) {
    const verdict = judge(signature, wanted);
    if ("key" in verdict) return { ...verdict, signature };
    whys.push(verdict.why);
  }
  return { looked: signatures.length, whys: distinct(whys), notes: [] };
}

/** By what the repository has, at the places that stand for it: a signature is as good wherever it comes from. */
export async function verifyRemote(
  sources: readonly Source[],
  subjects: readonly Digest[],
  asked: Asked,
): Promise<Outcome> {
  const wanted: Wanted = { ...asked, subjects: new Set(subjects) };
  const whys: string[] = [];
  const notes: string[] = [];
  for (const source of sources) {
    const repository = await orNote(notes, () => source.open(), undefined);
    if (repository === undefined) continue;
    for (const subject of subjects) {
      const looked: Looked = { left: maxLooked, notes };
      for await (const signature of signaturesOf(repository, subject, looked)) {
        const verdict = judge(signature, wanted);
        if ("key" in verdict) return { ...verdict, signature };
        whys.push(verdict.why);
      }
      if (looked.left <= 0) notes.push(`more than ${maxLooked} are there, and no more were looked at`);
    }
  }
  return { looked: whys.length, whys: distinct(whys), notes: distinct(notes) };
}
