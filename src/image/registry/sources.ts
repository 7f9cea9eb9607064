/** One repository from several places: its mirrors in order, and the registry itself at the end. */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RepositoryOptions } from "./ask.ts";
import type { BlobRequest } from "./blob.ts";
import { placesOf, type Registries } from "./registries.ts";
import { openRepository, type RemoteDocument, type Repository } from "./repository.ts";

export interface Sources {
  manifest(tagOrDigest: string): Promise<RemoteDocument>;
  tags(): Promise<readonly string[]>;
  blob(r: BlobRequest): AsyncGenerator<Uint8Array>;
  /**
   * Told that what came for a blob is not it. The mirrors that gave a part of it are passed over; answers whether there
   * was one, so that asking again may help.
   */
  wrong(digest: Digest, why: string): boolean;
}

/** A mirror that is not asked again in this pull. */
export type OnPassedOver = (domain: string, why: string) => void;

/** A place that stands for a repository, or the repository itself. */
export interface Source {
  readonly domain: string;
  open(): Promise<Repository>;
}

/** Of a mirror: somebody else is asked sooner than it may get well. */
const mirrorAttempts = 2;

// Credentials are for the registry of the name, and for nobody who stands in for it.
function sourceOf(place: Reference, own: string, isLast: boolean, options: RepositoryOptions): Source {
  const { auth, ...others } = options;
  const mine = { ...others, ...(isLast ? {} : { attempts: mirrorAttempts }) };
  let opened: Promise<Repository> | undefined;
  return {
    domain: place.domain,
    open() {
      opened ??= openRepository(place, { ...mine, auth: place.domain === own ? auth : undefined });
      return opened;
    },
  };
}

/** The last one's failure, and what was wrong with those before it. */
function withNotes(error: InroError, notes: readonly string[]): InroError {
  if (notes.length === 0) return error;
  const { what, why, hint, cause } = error;
  const parts = { what, why: `${why}; before it ${notes.join("; ")}`, cause };
  return new InroError(error.code, hint === undefined ? parts : { ...parts, hint });
}

/** Where a repository is asked for, in this order; nobody is asked before it is opened. */
export function sourcesOf(
  reference: Reference,
  options: RepositoryOptions,
  registries: Registries,
): Source[] {
  const places = placesOf(reference, registries);
  const { insecure } = registries;
  return places.map((place, i) =>
    sourceOf(place, reference.domain, i === places.length - 1, { ...options, insecure }),
  );
}

/**
 * The places in turn. One that is down, refuses, lacks something or gives what is not its digest is not asked again in
 * this pull, which is told. What a blob has already is kept: another place goes on from there, as its digest speaks for the whole.
 */
export function openSources(
  reference: Reference,
  options: RepositoryOptions,
  registries: Registries,
  onPassedOver: OnPassedOver = () => {},
): Sources {
  const sources = sourcesOf(reference, options, registries);
  const notes: string[] = [];

  /** Whose bytes a blob consists of. */
  const givers = new Map<Digest, Set<Source>>();

  const drop = (source: Source, why: string) => {
    const at = sources.indexOf(source);
    // Another layer may have found it out before.
    if (at < 0) return;
    sources.splice(at, 1);
    notes.push(`${source.domain}: ${why}`);
    onPassedOver(source.domain, why);
  };
  const passOver = (source: Source, error: unknown) => {
    if (!(error instanceof InroError)) throw error;
    if (source === sources.at(-1)) throw withNotes(error, notes);
    drop(source, error.why);
  };
  const current = () => sources[0] as Source;

  const asked = async <T>(ask: (repository: Repository) => Promise<T>): Promise<T> => {
    for (;;) {
      const source = current();
      try {
        return await ask(await source.open());
      } catch (error) {
        passOver(source, error);
      }
    }
  };

  return {
    manifest: (tagOrDigest) => asked((repository) => repository.manifest(tagOrDigest)),
    tags: () => asked((repository) => repository.tags()),
    async *blob(r) {
      let had = 0;
      const giving = new Set<Source>();
      givers.set(r.digest, giving);
      while (had < r.size) {
        const source = current();
        try {
          for await (const chunk of (await source.open()).blob({ ...r, from: had })) {
            had += chunk.length;
            giving.add(source);
            yield chunk;
          }
        } catch (error) {
          passOver(source, error);
        }
      }
    },
    wrong(digest, why) {
      const mirrors = [...(givers.get(digest) ?? [])].filter((source) => source !== sources.at(-1));
      for (const mirror of mirrors) drop(mirror, why);
      return mirrors.length > 0;
    },
  };
}

/** What bytes break that are not those that were promised. */
const wrong = new Set(["DIGEST_MISMATCH", "DIFFID_MISMATCH", "LAYER_DAMAGED", "LAYER_REFUSED"]);

/** Does the work on a blob again, from the next source, as long as a mirror may have given it wrong bytes. */
export async function elsewhere<T>(sources: Sources, digest: Digest, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InroError) || !wrong.has(error.code) || !sources.wrong(digest, error.why))
        throw error;
    }
  }
}
