/** `manifest create|annotate|inspect|push|rm`: indexes put together of manifests that are at a registry already. */
import type { Descriptor } from "../../oci/descriptor.ts";
import { InroError } from "../../oci/error.ts";
import { familiarName, formatReference, type Reference, withDefaultTag } from "../../oci/reference.ts";
import type { RegistryAsking } from "../images.ts";
import type { RepositoryOptions } from "../registry/ask.ts";
import type { Registries } from "../registry/registries.ts";
import { listDocument } from "./document.ts";
import type { Drafts } from "./drafts.ts";
import { type Described, describeRemote, type Found, findRemote, type ListEntry } from "./entry.ts";
import { type PushedList, pushList } from "./push.ts";

/** What an annotation says; what it leaves out stays. */
export interface Annotated {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

/** What `inspect` found; a list with the document that it is, or would be pushed as. */
export interface Inspected extends Found {
  readonly document: Buffer;
}

export interface ManifestLists {
  /** Answers the list's name in full. Throws LIST_EXISTS, NO_SUCH_IMAGE, IMAGE_INVALID for a manifest that is a list. */
  create(
    list: Reference,
    manifests: readonly Reference[],
    options: RegistryAsking & { readonly amend: boolean },
  ): Promise<string>;
  /** Throws NO_SUCH_LIST, NO_SUCH_IMAGE for a manifest that is not in it. */
  annotate(list: Reference, manifest: Reference, annotated: Annotated): Promise<void>;
  /** A list that is here, or what the registry has; with `manifest` one of the list. Throws NO_SUCH_IMAGE. */
  inspect(name: Reference, manifest: Reference | null, options: RegistryAsking): Promise<Inspected>;
  /** What the registry has under the name. Throws NO_SUCH_IMAGE. */
  describe(name: Reference, options: RegistryAsking): Promise<Described>;
  /** Throws NO_SUCH_LIST, REGISTRY_MIXED, PLATFORM_MISSING. */
  push(list: Reference, options: RegistryAsking & { readonly purge: boolean }): Promise<PushedList>;
  /** Throws NO_SUCH_LIST. */
  remove(list: Reference): Promise<void>;
}

const nameOf = (reference: Reference) => formatReference(withDefaultTag(reference));

function platformWith(before: Descriptor["platform"], a: Annotated): Descriptor["platform"] {
  return {
    ...before,
    os: a.os ?? before?.os ?? "",
    architecture: a.architecture ?? before?.architecture ?? "",
    ...(a.variant === undefined ? {} : { variant: a.variant }),
    ...(a.osVersion === undefined ? {} : { "os.version": a.osVersion }),
    ...(a.osFeatures === undefined ? {} : { "os.features": [...a.osFeatures] }),
  };
}

export function manifestLists(drafts: Drafts, registries: () => Registries): ManifestLists {
  const there = async (list: Reference): Promise<readonly ListEntry[]> => {
    const found = await drafts.read(nameOf(list));
    if (found !== undefined) return found;
    throw new InroError("NO_SUCH_LIST", {
      what: `cannot find the manifest list "${familiarName(list)}"`,
      why: "none of this name was created here",
      hint: "make it with `inro manifest create`",
    });
  };
  const entryIn = (entries: readonly ListEntry[], manifest: Reference) => {
    const found = entries.find(({ reference }) => reference === nameOf(manifest));
    if (found !== undefined) return found;
    throw new InroError("NO_SUCH_IMAGE", {
      what: `cannot find the manifest "${familiarName(manifest)}"`,
      why: "the list does not have it",
      hint: "add it with `inro manifest create --amend`",
    });
  };
  // Credentials are those of the list's registry.
  const asking = (own: Reference, of: Reference, { auth, signal }: RegistryAsking): RepositoryOptions => ({
    insecure: registries().insecure,
    auth: own.domain === of.domain ? auth : undefined,
    signal,
  });
  return {
    async create(list, manifests, options) {
      const name = nameOf(list);
      const before = await drafts.read(name);
      if (before !== undefined && !options.amend)
        throw new InroError("LIST_EXISTS", {
          what: `cannot create the manifest list "${familiarName(list)}"`,
          why: "there is one of this name",
          hint: "add to it with --amend, or remove it with `inro manifest rm`",
        });
      const entries = new Map(before?.map((entry) => [entry.reference, entry]));
      for (const each of manifests.map(withDefaultTag)) {
        const found = await findRemote(each, asking(list, each, options));
        const [entry] = found.entries;
        if (found.isList || entry === undefined)
          throw new InroError("IMAGE_INVALID", {
            what: `cannot put "${familiarName(each)}" into a manifest list`,
            why: "it is a manifest list itself",
            hint: "name its manifests by their digests",
          });
        entries.set(entry.reference, entry);
      }
      await drafts.write(name, [...entries.values()]);
      return name;
    },
    async annotate(list, manifest, annotated) {
      const entries = await there(list);
      const entry = entryIn(entries, manifest);
      const platform = platformWith(entry.descriptor.platform, annotated);
      const changed = { ...entry, descriptor: { ...entry.descriptor, platform } };
      await drafts.write(
        nameOf(list),
        entries.map((each) => (each === entry ? changed : each)),
      );
    },
    async inspect(name, manifest, options) {
      if (manifest !== null) {
        const entry = entryIn(await there(name), manifest);
        return { isList: false, entries: [entry], document: entry.content };
      }
      const draft = await drafts.read(nameOf(name));
      const reference = withDefaultTag(name);
      const found =
        draft === undefined
          ? await findRemote(reference, asking(reference, reference, options))
          : { isList: true, entries: draft };
      const [only] = found.entries;
      const content = found.isList || only === undefined ? listDocument(found.entries).content : only.content;
      return { ...found, document: content };
    },
    describe(name, options) {
      const reference = withDefaultTag(name);
      return describeRemote(reference, asking(reference, reference, options));
    },
    async push(list, options) {
      const entries = await there(list);
      const { domain, path, tag = "latest" } = withDefaultTag(list);
      const reference = { domain, path, tag };
      const pushed = await pushList(reference, entries, asking(list, list, options));
      if (options.purge) await drafts.remove(nameOf(list));
      return pushed;
    },
    async remove(list) {
      await there(list);
      await drafts.remove(nameOf(list));
    },
  };
}
