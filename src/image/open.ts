/** Puts the rooms of the image store together. */
import { mkdir } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import { hostPlatform } from "../oci/platform.ts";
import { formatReference, withDefaultRegistry, withDefaultTag } from "../oci/reference.ts";
import { loadArchive } from "./archive/load.ts";
import { archiveOf } from "./archive/save.ts";
import { planSave } from "./archive/save-plan.ts";
import { ensureBuiltin } from "./builtin.ts";
import { checkStore } from "./check/check.ts";
import { diffImages, weighLayers } from "./contents/contents.ts";
import { layerFetcher } from "./fetch-layer.ts";
import type { Image } from "./image.ts";
import type { Images, ImagesOptions } from "./images.ts";
import { layerStore } from "./layer-store.ts";
import { fetchLayers } from "./layers.ts";
import { openBlobs, openIngest } from "./layout/blobs.ts";
import { type NamedManifest, type NamedManifests, openNames } from "./layout/names.ts";
import { makeImage } from "./make.ts";
import { openDrafts } from "./manifest-list/drafts.ts";
import { manifestLists } from "./manifest-list/lists.ts";
import { manifestsOf } from "./manifests.ts";
import { pruneIndex, reclaimedBy } from "./prune.ts";
import { pullImage, resolveName } from "./pull.ts";
import { pushNamed } from "./push-named.ts";
import { namesUsed, noSuchImage, openRecords, union } from "./records.ts";
import { noRegistries, readRegistries } from "./registry/registries.ts";
import { openSources } from "./registry/sources.ts";
import { removeImage } from "./remove.ts";
import { checkDriver, openDriver } from "./snapshot/drivers.ts";
import { makeMountPoints } from "./snapshot/mount-points.ts";
import { openSnapshots } from "./snapshot/snapshots.ts";
import type { Stack } from "./stack.ts";
import { sweep, sweeper } from "./sweep.ts";
import { openEvidence } from "./trust/evidence.ts";
import { openGate } from "./trust/gate.ts";
import { openTrust } from "./trust/trust.ts";
import { weightsIn } from "./weights.ts";

/** How long after the last pull its files are put on disk, in milliseconds. */
const syncDelay = 2000;

/** Errors that say that the image itself is bad. */
const refusals = new Set([
  ...["ARCHIVE_INVALID", "BLOB_TOO_LARGE", "DIFFID_MISMATCH", "DIGEST_MISMATCH", "IMAGE_INVALID"],
  ...["LAYER_DAMAGED", "LAYER_REFUSED", "NO_MATCHING_PLATFORM", "NO_SPACE", "REFERENCE_INVALID"],
]);

export async function openImages(options: ImagesOptions): Promise<Images> {
  const { root, native, platform = hostPlatform() } = options;
  await mkdir(root, { recursive: true, mode: 0o711 });
  const ingest = await openIngest(root);
  const names = await openNames(root, ingest, options.reserve);
  const blobs = await openBlobs(root, ingest, native);
  const driver = await openDriver(native, root, options.driver);
  const snapshots = await openSnapshots(root, native, driver);
  const mountPoints = makeMountPoints(root);
  const { needed = () => [], kept = () => [] } = options;
  const weights = weightsIn(blobs, snapshots);
  const records = await openRecords({ blobs, names, weights, platform, needed, kept });
  const fetchLayer = layerFetcher(blobs, snapshots);
  const registries = () =>
    options.registries === undefined ? noRegistries : readRegistries(options.registries);
  registries();
  const evidence = await openEvidence(root, ingest);
  const drafts = await openDrafts(root, ingest);
  const gate = openGate({ file: options.trust, evidence, registries });
  const store = { blobs, fetchLayer, platform, registries, gate };
  const sweeps = sweeper(async () => {
    const kept = records.reachable();
    if (kept === undefined) return;
    await sweep(kept, blobs, snapshots);
    await evidence.sweep(kept.blobs);
  });

  /** Work that brings blobs in. What a refused image brought is swept; what a broken connection left is used again. */
  const bringing = <T>(work: () => Promise<T>): Promise<T> =>
    sweeps.during(async () => {
      try {
        return await work();
      } catch (error) {
        if (refusals.has((error as { code?: string }).code ?? "")) await sweeps.want();
        throw error;
      }
    });

  let syncing: ReturnType<typeof setTimeout> | undefined;
  const syncSoon = () => {
    clearTimeout(syncing);
    syncing = setTimeout(() => snapshots.sync().catch(() => {}), syncDelay);
    syncing.unref();
  };

  /** The image of the manifest, or else the one that the root's names mean. */
  const publish = async (named: NamedManifest, manifest?: Digest): Promise<Image> => {
    await records.learn(named);
    await names.add(named);
    syncSoon();
    const images = records.list().filter((image) => image.roots.includes(named.descriptor.digest));
    const isMeant = ({ manifests, family, id }: Image) =>
      manifest === undefined ? family[0] === id : manifests.includes(manifest);
    return (images.find(isMeant) ?? images[0]) as Image;
  };

  const unpackAll = async ({ layers, chainIds }: Stack) => {
    if (chainIds.every(snapshots.has)) return;
    await fetchLayers(
      fetchLayer,
      layers,
      chainIds,
      () => () => {},
      ({ digest }) => blobs.stream(digest),
      { onlyFiles: true },
    );
    records.renew();
    syncSoon();
  };

  /** A name without a registry is the default registry's image, if that is here. */
  const meant = (text: string): string => {
    const full = withDefaultRegistry(text, registries().default);
    return full !== text && records.knows(full) ? full : text;
  };

  const images: Images = {
    pull: (reference, o = {}) =>
      bringing(async () => {
        const { named, manifest } = await pullImage(store, reference, o);
        return await publish(named, manifest);
      }),
    tags: (reference, asking = {}) => openSources(reference, asking, registries()).tags(),
    load: (archive, o = {}) =>
      bringing(async () => {
        const loaded: Image[] = [];
        for (const named of await loadArchive(store, archive, o))
          loaded.push({ ...(await publish(named)), names: named.names });
        // What the archive says about itself was spooled with the rest of it.
        await sweeps.want();
        return loaded;
      }),
    push: (reference, o = {}) =>
      sweeps.during(() =>
        pushNamed({ blobs, names, records, registries, replaced: sweeps.want }, reference, o),
      ),
    async save(namesOrIds, o = {}) {
      const release = await sweeps.hold();
      try {
        const plan = await planSave({ blobs, names, records, platform }, namesOrIds.map(meant), o);
        return Readable.from(archiveOf(blobs, plan), { objectMode: false }).once("close", release);
      } catch (error) {
        release();
        throw error;
      }
    },
    registries,
    make: (request) => bringing(async () => publish(await makeImage(store, request))),
    list: () => records.list(),
    resolve: (nameOrId, wanted) => records.resolve(meant(nameOrId), wanted),
    diff: (a, b) => sweeps.during(() => diffImages(blobs, a, b)),
    weigh: (image) => sweeps.during(() => weighLayers(blobs, image)),
    manifests: (image) => manifestsOf({ blobs, names, records }, image),
    lists: manifestLists(drafts, registries),
    trust: openTrust({
      ...{ file: options.trust, gate, evidence, registries },
      resolve: (reference, o) => resolveName(store, withDefaultTag(reference), o),
      during: sweeps.during,
      has: (manifest) => records.list().some(({ manifests }) => manifests.includes(manifest)),
    }),
    admit: (image, nameOrId) => gate.run(image, namesUsed(image, meant(nameOrId))),
    async tag(image, reference) {
      const more = { names: [formatReference(withDefaultTag(reference))], repoDigests: [] };
      // A push may have put another manifest in its place meanwhile.
      const now = records.list().find(({ id }) => id === image.id);
      for (const root of union(image.roots, now?.roots ?? [])) if (await names.extend(root, more)) return;
      throw noSuchImage(image.id);
    },
    async remove(nameOrId, o) {
      const name = meant(nameOrId);
      const removal = await names.remove((all) => removeImage(records.resolve(name), name, o, all));
      if (removal.deleted.length > 0) await sweeps.want();
      // Another root may have a platform's image too.
      const there = new Set(records.list().map(({ id }) => id));
      return { ...removal, deleted: removal.deleted.filter((id) => !there.has(id as Digest)) };
    },
    async prune(o) {
      const before = records.list();
      const change = (all: NamedManifests) => pruneIndex(records.list(), o, all);
      const removal = o.dryRun ? change(new Map(names.all)) : await names.remove(change);
      const gone = new Set<string>(removal.deleted);
      if (gone.size > 0 && !o.dryRun) await sweeps.want();
      return { ...removal, reclaimed: reclaimedBy(before, gone) };
    },
    check: (o) =>
      sweeps.during(async () => {
        const unpack = (id: string) => unpackAll(records.resolve(id));
        const quiet = sweeps.watch();
        const checked = await checkStore(
          { ...{ root, names, blobs, snapshots, records, platform }, unpack, quiet },
          o,
        );
        if (o.repair) await sweeps.want();
        return checked;
      }),
    driver: driver.name,
    async prepare(containerFolder, stack, { limit, beneath = null, isBare = false } = {}) {
      checkDriver(containerFolder, driver);
      await sweeps.during(() => unpackAll(stack));
      const layers = [...stack.chainIds].reverse().map(snapshots.folderOf);
      const lowest = isBare && layers.length > 0 ? [] : [mountPoints];
      const own = [...layers, ...lowest, ...(beneath === null ? [] : [beneath])];
      return await driver.prepare(containerFolder, own, limit);
    },
    layers: layerStore({
      ...{ native, blobs, snapshots, driver, weights, unpack: unpackAll, publish },
      ...{ during: sweeps.during, hold: sweeps.hold, sweep: sweeps.want },
    }),
    release: (containerFolder) => driver.release(containerFolder),
    async close() {
      clearTimeout(syncing);
      await snapshots.sync();
    },
  };
  // What a process that died had brought in and not named.
  await sweeps.want();
  if (options.builtin !== undefined && names.damage === null)
    await sweeps.during(() => ensureBuiltin(store, images, options.builtin?.path ?? "", publish));
  return images;
}
