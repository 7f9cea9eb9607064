/** Push: from an image of the store to a name at a registry. */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import { familiarName, formatReference, type Reference } from "../oci/reference.ts";
import type { PushOptions } from "./images.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { OnPushProgress, PushState } from "./progress.ts";
import { type PushContent, pushContent } from "./push-content.ts";
import { openRepository, type Repository } from "./registry/repository.ts";
import type { RootDescriptor } from "./root.ts";

export interface PushStore {
  readonly blobs: Blobs;
  /** Registries that may be spoken to without TLS. */
  readonly insecure?: readonly string[];
  /** Another repository of the registry that has the blob, as an image came from there. */
  readonly holder: (blob: Digest) => string | undefined;
}

/** One push under way. */
interface Push extends PushStore {
  readonly repository: Repository;
  /** Repositories that gave nothing: a registry that lets nobody mount from them is not asked for each layer. */
  readonly unhelpful: Set<string>;
}

export interface Pushed {
  readonly tag: string;
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
}

/** Blobs that are on their way at once. */
const parallel = 4;

/** Does the work for each item, a few at a time; the first failure stops the others and is thrown when they have ended. */
async function eachOf<T>(
  items: readonly T[],
  stop: AbortController,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    for (let item = items[next++]; item !== undefined && failure === undefined; item = items[next++]) {
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
}

/** One blob, with what becomes of it told. */
async function pushBlob(
  { blobs, holder, repository, unhelpful }: Push,
  { digest, size }: Descriptor,
  tell: (state: PushState) => void,
): Promise<void> {
  const holding = holder(digest);
  const from = holding === undefined || unhelpful.has(holding) ? undefined : holding;
  const source = { digest, size, read: (offset: number) => blobs.stream(digest, offset) };
  const how = await repository.putBlob(source, {
    from,
    onBytes: (bytes) => tell({ state: "uploading", bytes, total: size }),
    onRetry: (notice) => tell({ state: "retrying", ...notice }),
  });
  if (how === "uploaded" && from !== undefined) unhelpful.add(from);
  if (how === "mounted" && from !== undefined) tell({ state: "mounted", from });
  else tell({ state: how === "present" ? "present" : "done" });
}

/**
 * What is pushed instead of an index that is not wholly here: the only image of it that is. Undefined where the registry
 * has the rest already. Throws INDEX_INCOMPLETE.
 */
async function insteadOf(
  { absent, images }: PushContent,
  repository: Repository,
  what: string,
): Promise<Descriptor | undefined> {
  for (const { digest } of absent) {
    if ((await repository.find(digest)) !== undefined) continue;
    const [only] = images;
    if (only !== undefined && images.length === 1) return only;
    throw new InroError("INDEX_INCOMPLETE", {
      what,
      why: `${absent.length} of the manifests that its index names are neither here nor there`,
      hint: "fetch them with `inro pull --all-platforms`, or push one platform with --platform",
    });
  }
  return undefined;
}

/**
 * Brings a manifest or an index of the store, and all that it names, under the reference's tag. The tag moves last, so
 * nobody ever sees an image whose parts are not there.
 */
export async function pushImage(
  store: PushStore,
  root: RootDescriptor,
  reference: Reference & { readonly tag: string },
  options: PushOptions,
): Promise<Pushed> {
  const { auth, signal: asked, platform, onProgress = () => {} } = options;
  const what = `cannot push "${familiarName(reference)}"`;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(asked === undefined ? [] : [asked])]);
  const whole = await pushContent(store.blobs, root, { platform, what });
  const { insecure } = store;
  const repository = await openRepository(reference, { access: "push", auth, signal, insecure });
  const instead = await insteadOf(whole, repository, what);
  const content =
    instead === undefined ? whole : await pushContent(store.blobs, instead, { platform: undefined, what });
  onProgress({
    kind: "resolved",
    reference: formatReference(reference),
    layers: content.layers.map(({ digest }) => digest),
  });
  const teller = (digest: Digest) => (state: PushState) => onProgress({ kind: "layer", digest, state });
  const silent = () => {};
  const work = [
    ...content.layers.map((blob) => ({ blob, tell: teller(blob.digest) })),
    ...content.configs.map((blob) => ({ blob, tell: silent })),
  ];
  const push: Push = { ...store, repository, unhelpful: new Set() };
  await eachOf(work, stop, ({ blob, tell }) => pushBlob(push, blob, tell));
  const pushed = await putDocuments(repository, content.documents, reference.tag, onProgress);
  if (instead !== undefined) onProgress({ kind: "instead", index: root, image: instead });
  return pushed;
}

async function putDocuments(
  repository: Repository,
  documents: readonly (RootDescriptor & { readonly content: Buffer })[],
  tag: string,
  onProgress: OnPushProgress,
): Promise<Pushed> {
  const last = documents.at(-1);
  if (last === undefined) throw new Error("a push consists of one document at least");
  for (const document of documents)
    await repository.putManifest(document, document === last ? tag : document.digest);
  const pushed = { tag, digest: last.digest, size: last.content.length };
  onProgress({ kind: "pushed", ...pushed });
  return pushed;
}
