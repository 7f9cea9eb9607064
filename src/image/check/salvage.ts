/** A new index.json where the old one cannot be read: of the blobs, with what of the old one's text still names them. */
import { readFile } from "node:fs/promises";
import { isDigest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { parseReference } from "../../oci/reference.ts";
import { parseDocument } from "../document.ts";
import { type Blobs, maxDocument } from "../layout/blobs.ts";
import { annotation, type NamedManifest } from "../layout/names.ts";

/** A descriptor of our own writing: its digest, and after it its annotations. */
const entry = /"digest":\s*"([a-z0-9]+:[0-9a-f]+)"[^[\]]*?"annotations":\s*(\{[^{}]*\})/g;

interface Said {
  readonly names: Set<string>;
  readonly repoDigests: Set<string>;
}

function isName(text: string | undefined): text is string {
  try {
    return text !== undefined && parseReference(text) !== undefined;
  } catch {
    return false;
  }
}

/** What the readable parts of a damaged index say of each digest. */
export function namesIn(text: string): Map<string, Said> {
  const found = new Map<string, Said>();
  for (const [, digest = "", written = ""] of text.matchAll(entry)) {
    let notes: Record<string, string>;
    try {
      notes = JSON.parse(written);
    } catch {
      continue;
    }
    const said = found.get(digest) ?? { names: new Set<string>(), repoDigests: new Set<string>() };
    const name = notes[annotation.imageName];
    if (isName(name)) said.names.add(name);
    for (const each of (notes[annotation.repoDigests] ?? "").split(" "))
      if (isName(each)) said.repoDigests.add(each);
    if (isDigest(digest)) found.set(digest, said);
  }
  return found;
}

/** Every index among the blobs that leads to a manifest here, and every manifest that no index leads to. */
async function rootsOf(blobs: Blobs): Promise<NamedManifest["descriptor"][]> {
  const manifests: NamedManifest["descriptor"][] = [];
  const indexes: (NamedManifest["descriptor"] & { readonly children: readonly string[] })[] = [];
  for (const digest of await blobs.list()) {
    const size = blobs.sizeOf(digest) ?? 0;
    if (size > maxDocument) continue;
    const content = await blobs.read(digest).catch(() => undefined);
    // Most blobs are layers: a document is JSON, and begins like it.
    if (content?.[0] !== 0x7b) continue;
    try {
      const own = (JSON.parse(content.toString("utf8")) as { mediaType?: unknown }).mediaType;
      const type = typeof own === "string" ? own : mediaType.ociManifest;
      const document = parseDocument(content, type, "salvage");
      const descriptor = { mediaType: type, digest, size };
      if (document.kind === "index")
        indexes.push({ ...descriptor, children: document.index.manifests.map((each) => each.digest) });
      else if (blobs.sizeOf(document.manifest.config.digest) !== undefined) manifests.push(descriptor);
    } catch {
      // JSON of another kind: a configuration.
    }
  }
  const here = new Set<string>([...manifests, ...indexes].map(({ digest }) => digest));
  const useful = indexes.filter(({ children }) => children.some((child) => here.has(child)));
  const parts = new Set(useful.flatMap(({ children }) => children));
  const roots = useful.map(({ children: _, ...descriptor }) => descriptor);
  return [...roots, ...manifests].filter(({ digest }) => !parts.has(digest));
}

export async function salvaged(path: string, blobs: Blobs): Promise<NamedManifest[]> {
  const said = namesIn(await readFile(path, "utf8").catch(() => ""));
  return (await rootsOf(blobs)).map((descriptor) => ({
    descriptor,
    names: [...(said.get(descriptor.digest)?.names ?? [])],
    repoDigests: [...(said.get(descriptor.digest)?.repoDigests ?? [])],
  }));
}
