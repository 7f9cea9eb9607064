/** One repository from several places: its mirrors in order, and the registry itself at the end. */
import { InroError } from "../../oci/error.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RepositoryOptions } from "./ask.ts";
import type { BlobRequest } from "./blob.ts";
import { placesOf, type Registries } from "./registries.ts";
import { openRepository, type RemoteDocument, type Repository } from "./repository.ts";

export interface Sources {
  manifest(tagOrDigest: string): Promise<RemoteDocument>;
  blob(r: BlobRequest): AsyncGenerator<Uint8Array>;
}

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
      opened ??= openRepository(place, {
        ...mine,
        ...(auth === undefined || place.domain !== own ? {} : { auth }),
      });
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
 * this pull. What a blob has already is kept: another place goes on from there, as its digest speaks for the whole.
 */
export function openSources(
  reference: Reference,
  options: RepositoryOptions,
  registries: Registries,
): Sources {
  const sources = sourcesOf(reference, options, registries);
  const notes: string[] = [];

  const passOver = (source: Source, error: unknown) => {
    if (!(error instanceof InroError)) throw error;
    if (source === sources.at(-1)) throw withNotes(error, notes);
    // Another layer may have found it out before.
    if (sources[0] !== source) return;
    sources.shift();
    notes.push(`${source.domain}: ${error.why}`);
  };
  const current = () => sources[0] as Source;

  return {
    async manifest(tagOrDigest) {
      for (;;) {
        const source = current();
        try {
          return await (await source.open()).manifest(tagOrDigest);
        } catch (error) {
          passOver(source, error);
        }
      }
    },
    async *blob(r) {
      let had = 0;
      while (had < r.size) {
        const source = current();
        try {
          for await (const chunk of (await source.open()).blob({ ...r, from: had })) {
            had += chunk.length;
            yield chunk;
          }
        } catch (error) {
          passOver(source, error);
        }
      }
    },
  };
}
