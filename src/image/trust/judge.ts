/** Whether a signature makes an image one that a rule lets in. */
import { type Digest, digestOf } from "../../oci/digest.ts";
import { isSignedBy, type PublicKey } from "../../oci/public-key.ts";
import { formatReference } from "../../oci/reference.ts";
import { readPayload, type Signature } from "../../oci/simple-signing.ts";
import { parseDocument } from "../document.ts";
import { canonical } from "./policy.ts";

/** Whose a signature has to be, and what it has to be for. */
export interface Asked {
  readonly keys: readonly PublicKey[];
  /** The canonical repository that it has to name. */
  readonly identity: string;
  /** The tag that is asked for: a signature that names one is for this one alone. */
  readonly tag: string | undefined;
}

export interface Wanted extends Asked {
  /** The manifest, and the indexes that lead to it. */
  readonly subjects: ReadonlySet<Digest>;
}

export type Verdict =
  | { readonly key: PublicKey; readonly digest: Digest }
  /** Completes "a signature …". */
  | { readonly why: string };

/** The key is asked first: nothing that an unverified payload says is believed, or told. */
export function judge(signature: Signature, wanted: Wanted): Verdict {
  const key = wanted.keys.find((each) => isSignedBy(signature.payload, signature.signature, each));
  if (key === undefined) return { why: "is by none of the keys, or was damaged" };
  const signed = readPayload(signature.payload);
  if (signed === undefined) return { why: "says something that is no payload of an image's signature" };
  const { digest, identity } = signed;
  if (!wanted.subjects.has(digest)) return { why: `is one of another image, ${digest}` };
  const isOther =
    canonical(`${identity.domain}/${identity.path}`) !== wanted.identity ||
    (identity.tag !== undefined && wanted.tag !== undefined && identity.tag !== wanted.tag);
  if (isOther) return { why: `is for ${formatReference(identity)}` };
  return { key, digest };
}

/** The manifests and the indexes among `indexes` that lead to one of them: what a signature may be over. */
export function subjectsOf(manifests: readonly Digest[], indexes: readonly Uint8Array[]): Set<Digest> {
  const subjects = new Set(manifests);
  // An index may lead to an index: those that were found to lead on are looked for in the others.
  for (let size = -1; size !== subjects.size; ) {
    size = subjects.size;
    for (const content of indexes) if (leadsTo(content, subjects)) subjects.add(digestOf(content));
  }
  return subjects;
}

function leadsTo(content: Uint8Array, subjects: ReadonlySet<Digest>): boolean {
  try {
    const document = parseDocument(content, "", "cannot read an index");
    return document.kind === "index" && document.index.manifests.some(({ digest }) => subjects.has(digest));
  } catch {
    // What is kept and is no index leads to nothing.
    return false;
  }
}
