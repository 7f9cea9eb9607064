import type { Removal } from "../image/images.ts";
import { importFailure, importRequest } from "../image/import.ts";
import { familiarName } from "../oci/reference.ts";
import { type Core, imageUsers } from "./core.ts";
import { compareFiles } from "./files/compare.ts";
import type { EngineImages } from "./images.ts";

/** The image store's verbs with their events, and with the knowledge of what is in use. */
export function engineImages(core: Core): EngineImages {
  const { images } = core;
  const tell = (action: string, id: string, name: string) =>
    core.news.tell({ type: "image", action, id, attributes: { name } });
  const users = (image: string) =>
    imageUsers(core)
      .filter(({ imageId }) => imageId === image)
      .map(({ user }) => user);
  const names = (image: string) => {
    const all = new Map([...core.shelf.all()].map(({ id, name }) => [id, name]));
    return users(image).map((user) => all.get(user) ?? user);
  };
  const told = <R extends Removal>(removal: R): R => {
    for (const name of removal.untagged) tell("untag", name, name);
    for (const id of removal.deleted) tell("delete", id, id);
    return removal;
  };
  return {
    trust: images.trust,
    lists: images.lists,
    layers: images.layers,
    registries: () => images.registries(),
    list: () => images.list(),
    resolve: (image, platform) => images.resolve(image, platform),
    admit: (image, nameOrId) => images.admit(image, nameOrId),
    users: (image) => image.family.flatMap(users),
    diff: (from, to) => compareFiles(core, from, to),
    weigh: (image) => images.weigh(image),
    manifests: (image) => images.manifests(image),
    pull: async (reference, options) => {
      const image = await images.pull(reference, options);
      tell("pull", familiarName(reference), familiarName(reference));
      return image;
    },
    tags: (reference, asking) => images.tags(reference, asking),
    push: async (reference, options) => {
      const pushed = await images.push(reference, options);
      const name = familiarName({ ...reference, tag: pushed.tag });
      tell("push", name, name);
      return pushed;
    },
    load: async (archive, options) => {
      const loaded = await images.load(archive, options);
      for (const image of loaded) tell("load", image.id, image.names[0] ?? image.id);
      return loaded;
    },
    save: async (names, options) => {
      const archive = await images.save(names, options);
      for (const name of names) tell("save", images.resolve(name).id, name);
      return archive;
    },
    import: async (tar, options) => {
      const image = await images.make(importRequest(tar, options)).catch((cause: unknown) => {
        throw importFailure(cause);
      });
      tell("import", image.id, image.names[0] ?? image.id);
      return image;
    },
    tag: async (image, reference) => {
      const found = images.resolve(image);
      await images.tag(found, reference);
      tell("tag", found.id, familiarName(reference));
    },
    prune: async (o) => {
      const pruned = await images.prune({ ...o, inUse: users });
      if (o.dryRun) return pruned;
      told(pruned);
      core.news.tellPruned("image", pruned.reclaimed);
      return pruned;
    },
    useCounts: () => {
      const counts = new Map<string, number>();
      for (const { imageId } of imageUsers(core)) counts.set(imageId, (counts.get(imageId) ?? 0) + 1);
      return counts;
    },
    remove: async (image, { force }) => told(await images.remove(image, { force, inUse: names })),
  };
}
