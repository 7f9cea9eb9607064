/** The gate of the image store: what is pulled, and what is run, has to be let in by the policy of this moment. */
import type { Digest } from "../../oci/digest.ts";
import { familiarName, parseReference, type Reference } from "../../oci/reference.ts";
import type { Image } from "../image.ts";
import type { RepositoryOptions } from "../registry/ask.ts";
import type { Registries } from "../registry/registries.ts";
import { sourcesOf } from "../registry/sources.ts";
import { enter, notFound } from "./enter.ts";
import type { Evidence, Proof } from "./evidence.ts";
import type { Asked } from "./judge.ts";
import { type Applied, acceptAll, ruleFor } from "./policy.ts";
import { readPolicy } from "./policy-file.ts";
import { isVerified, type Outcome, type Verified, verifyKept, verifyRemote } from "./verify.ts";

/** What a name leads to at a registry. */
export interface Resolved {
  /** The digest of the image's own manifest. */
  readonly manifest: Digest;
  /** The indexes that led to it, from the first on: their digests and their bytes. */
  readonly indexes: readonly { readonly digest: Digest; readonly content: Uint8Array }[];
}

/** All of it throws TRUST_REFUSED, and TRUST_INVALID for a policy that cannot be read. */
export interface Gate {
  /**
   * Whether what a name leads to may be pulled: looks for signatures where the rule wants one, and keeps the one that
   * lets it in.
   */
  pull(reference: Reference, resolved: Resolved, options: RepositoryOptions): Promise<void>;
  /** Whether an image of the store may be run by all of these names. Asks nobody. */
  run(image: Image, names: readonly string[]): Promise<void>;
  /** What lets a name in: a signature by one of `keys`, or else the policy's rule, and the signature that it wants. */
  verify(
    reference: Reference,
    resolved: Resolved,
    keys: readonly string[] | undefined,
    options: RepositoryOptions,
  ): Promise<{ readonly applied: Applied; readonly verified: Verified | undefined }>;
}

/** Milliseconds that looking for signatures at a registry takes at most, however slowly it answers. */
const lookTime = 120_000;

interface Parts {
  /** The policy's file; undefined for none. */
  readonly file: string | undefined;
  readonly evidence: Evidence;
  readonly registries: () => Registries;
  readonly lookTime?: number;
}

/** The work with an end; what it then says is that it took too long. */
async function within(
  milliseconds: number,
  stop: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const late = AbortSignal.timeout(milliseconds);
  try {
    return await work(stop === undefined ? late : AbortSignal.any([stop, late]));
  } catch (error) {
    if (!late.aborted || stop?.aborted) throw error;
    return { looked: 0, whys: [], notes: [`looking for one took longer than ${milliseconds / 1000} s`] };
  }
}

/** The signature, and the way from what it is over to the manifest: other indexes prove nothing, however large. */
function proofOf({ signature, digest }: Verified, { indexes }: Resolved): Proof {
  const from = indexes.findIndex((each) => each.digest === digest);
  const way = from < 0 ? [] : indexes.slice(from);
  return { signatures: [signature], indexes: way.map(({ content }) => content) };
}

export function openGate({ file, evidence, registries, lookTime: time = lookTime }: Parts): Gate {
  const policy = () => (file === undefined ? acceptAll : readPolicy(file));
  const nameOf = ({ scope }: Applied) =>
    scope === undefined ? `the default rule of ${file}` : `the rule "${scope}" of ${file}`;
  const proofsOf = (manifests: readonly Digest[]) =>
    Promise.all(manifests.map((manifest) => evidence.of(manifest)));
  const remote = (reference: Reference, { manifest, indexes }: Resolved, options: RepositoryOptions) => {
    const subjects = [...indexes.map(({ digest }) => digest), manifest];
    return (asked: Asked) =>
      within(time, options.signal, (signal) =>
        verifyRemote(sourcesOf(reference, { ...options, signal }, registries()), subjects, asked),
      );
  };
  return {
    async pull(reference, resolved, options) {
      const applied = ruleFor(reference, policy());
      const what = `cannot pull "${familiarName(reference)}"`;
      const entering = { what, reference, applied, name: nameOf(applied), without: notFound };
      await enter(entering, async (asked) => {
        const { manifest } = resolved;
        const had = verifyKept(await proofsOf([manifest]), [manifest], asked);
        if (isVerified(had)) return had;
        const found = await remote(reference, resolved, options)(asked);
        if (isVerified(found)) await evidence.keep(manifest, proofOf(found, resolved));
        return found;
      });
    },
    async run(image, names) {
      const present = policy();
      const isLocal = image.repoDigests.length === 0;
      const check = async (reference: Reference | undefined) => {
        const applied = reference === undefined ? { rule: present.default } : ruleFor(reference, present);
        const { rule } = applied;
        if (isLocal && typeof rule === "object" && rule.local === "accept") return;
        const shown = reference === undefined ? image.id : familiarName(reference);
        const without = isLocal
          ? {
              why: "the image, which was made here, has none",
              hint: "push and sign it, or let the rule accept local images",
            }
          : { why: "none came with the image", hint: `\`inro pull ${shown}\` looks for one` };
        const entering = {
          what: `cannot run "${shown}"`,
          reference,
          applied,
          name: nameOf(applied),
          without,
        };
        await enter(entering, async (asked) =>
          verifyKept(await proofsOf(image.manifests), image.manifests, asked),
        );
      };
      if (names.length === 0) await check(undefined);
      for (const name of names) await check(parseReference(name));
    },
    async verify(reference, resolved, keys, options) {
      const what = `cannot trust "${familiarName(reference)}"`;
      const byPolicy = keys === undefined;
      const applied = byPolicy ? ruleFor(reference, policy()) : { rule: { signedBy: keys } };
      const name = byPolicy ? nameOf(applied) : "the request";
      const entering = { what, reference, applied, name, without: notFound };
      return { applied, verified: await enter(entering, remote(reference, resolved, options)) };
    },
  };
}
