import type { Digest } from "../../oci/digest.ts";

/** Which records the builds that are under way stand on. */
export interface Uses {
  has(key: Digest): boolean;
  /** For one build, until it is given back. */
  begin(): { readonly use: (key: Digest) => void } & Disposable;
}

export function newUses(): Uses {
  const builds = new Set<Set<Digest>>();
  return {
    has: (key) => [...builds].some((own) => own.has(key)),
    begin() {
      const own = new Set<Digest>();
      builds.add(own);
      return { use: (key) => void own.add(key), [Symbol.dispose]: () => void builds.delete(own) };
    },
  };
}
