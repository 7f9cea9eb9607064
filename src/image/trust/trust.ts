/** What is done about trust by hand: the policy shown and edited, names verified, signatures put beside images. */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import type { Platform } from "../../oci/platform.ts";
import type { Reference } from "../../oci/reference.ts";
import type { Signature } from "../../oci/simple-signing.ts";
import type { RegistryAsking } from "../images.ts";
import type { Registries } from "../registry/registries.ts";
import { openRepository } from "../registry/repository.ts";
import type { Evidence } from "./evidence.ts";
import type { Gate, Resolved } from "./gate.ts";
import { type Applied, acceptAll, hasRule, type Policy, parsePolicy, type Rule, withRule } from "./policy.ts";
import { readPolicy, writePolicy } from "./policy-file.ts";
import { checkPayload, manifestsOf, putAsReferrer, putUnderTag } from "./sign.ts";
import type { Verified } from "./verify.ts";

export interface VerifyOptions extends RegistryAsking {
  /** Of an image for several; this machine's by default. */
  readonly platform?: Platform | undefined;
  /** Public keys in PEM that are asked for, instead of the policy. */
  readonly keys?: readonly string[] | undefined;
}

export interface Verification {
  /** Of what the name leads to. */
  readonly digest: Digest;
  /** The rule that lets it in; without a scope it is the default, or the keys that were given. */
  readonly applied: Applied;
  /** The signature that the rule wants. */
  readonly verified: Verified | undefined;
}

export interface Trust {
  /** The policy's file, and what it says now. Throws TRUST_INVALID. */
  policy(): { readonly file: string | undefined; readonly policy: Policy };
  /** Sets the rule of a scope, or the default one. Throws INVALID_OPTION, TRUST_INVALID. */
  set(scope: string | undefined, rule: unknown): Promise<void>;
  /** Throws NO_SUCH_RULE. */
  remove(scope: string): Promise<void>;
  /** What a name leads to at its registry, held against the policy or against keys. Throws TRUST_REFUSED. */
  verify(reference: Reference, o: VerifyOptions): Promise<Verification>;
  /**
   * Puts a signature beside what `reference` names by digest, as a referrer; `tag`: also where cosign looks first.
   * Answers the digest of its manifest. Throws SIGNATURE_INVALID.
   */
  sign(reference: Reference, signature: Signature, o: RegistryAsking & { tag: boolean }): Promise<Digest>;
}

interface Parts {
  readonly file: string | undefined;
  readonly gate: Gate;
  readonly evidence: Evidence;
  readonly registries: () => Registries;
  /** What a name leads to at its registry. */
  readonly resolve: (
    reference: Reference,
    o: VerifyOptions,
  ) => Promise<{ readonly by: Digest; readonly resolved: Resolved }>;
  /** Nothing is swept until the work is done. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
  /** Whether the store has the manifest. */
  readonly has: (manifest: Digest) => boolean;
}

const refuseEdit = (why: string, at?: string): never => {
  const what = "cannot change the trust policy";
  throw new InroError(
    "INVALID_OPTION",
    at === undefined ? { what, why } : { what, why: `${at}: ${why}`, at },
  );
};

export function openTrust({ file, gate, evidence, registries, resolve, during, has }: Parts): Trust {
  let last: Promise<unknown> = Promise.resolve();
  // One edit after the other. What cannot be read is not edited: nobody knows what it was to say.
  const edit = (change: (policy: Policy) => Policy): Promise<void> => {
    const done = last.then(async () => {
      if (file === undefined) return refuseEdit("this engine was opened without a file for one");
      await writePolicy(file, parsePolicy(change(readPolicy(file)), refuseEdit));
    });
    last = done.catch(() => {});
    return done;
  };
  return {
    policy: () => ({ file, policy: file === undefined ? acceptAll : readPolicy(file) }),
    set: (scope, rule) => edit((policy) => withRule(policy, scope, rule as Rule)),
    remove: (scope) =>
      edit((policy) => {
        if (hasRule(policy, scope)) return withRule(policy, scope, undefined);
        const what = `cannot remove the rule "${scope}"`;
        throw new InroError("NO_SUCH_RULE", { what, why: "the trust policy has none of this scope" });
      }),
    async verify(reference, { keys, platform, auth, signal }) {
      const asking = { auth, signal };
      const { by, resolved } = await resolve(reference, { ...asking, platform });
      return { digest: by, ...(await gate.verify(reference, resolved, keys, asking)) };
    },
    async sign(reference, signature, { tag, auth, signal }) {
      const digest = checkPayload(signature, reference);
      const { insecure } = registries();
      const repository = await openRepository(reference, {
        ...{ auth, signal, insecure },
        access: "push",
        purpose: "sign",
      });
      const subject = await repository.manifest(digest);
      const put = await putAsReferrer(repository, subject, signature);
      if (tag) await putUnderTag(repository, digest, signature);
      // What is here need not be pulled again to be run under the rule.
      const manifests = manifestsOf(subject);
      const indexes = manifests.includes(subject.digest) ? [] : [subject.content];
      await during(async () => {
        for (const manifest of manifests.filter(has))
          await evidence.keep(manifest, { signatures: [signature], indexes });
      });
      return put;
    },
  };
}
