/** What an image is, for comparing: what its configuration says and the tree that its layers make. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import tarStream from "tar-stream";

export interface ImageView {
  /** A field and its value as JSON; what is empty is not there. */
  readonly config: ReadonlyMap<string, string>;
  /** What a path is, in words: kind, mode, owner, and a link's target or a file's digest. */
  readonly tree: ReadonlyMap<string, string>;
}

export interface Entry {
  readonly header: tarStream.Header;
  readonly content: Buffer;
}

/** What a tar holds. */
export async function entriesOf(tar: Uint8Array): Promise<Entry[]> {
  const found: Entry[] = [];
  const extract = tarStream.extract();
  Readable.from([tar]).pipe(extract);
  for await (const entry of extract) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    found.push({ header: entry.header, content: Buffer.concat(parts) });
  }
  return found;
}

const FIELDS = [
  ...["User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"],
  ...["Shell", "OnBuild", "Healthcheck"],
];

const isEmpty = (value: unknown) =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === 0 ||
  Object.keys(Object(value)).length === 0;

/** Keys in order, and no empty ones: engines write different nothings. */
function tidied(value: unknown): unknown {
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([, each]) => !isEmpty(each) || typeof each === "object");
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of an archive as `docker save` writes it. */
export async function imageView(archive: Uint8Array): Promise<ImageView> {
  const files = new Map((await entriesOf(archive)).map((entry) => [entry.header.name, entry]));
  const file = (name: string): Buffer => {
    const found = files.get(name);
    if (found === undefined) throw new Error(`the archive has no ${name}`);
    const { type, linkname } = found.header;
    return type === "symlink"
      ? file(new URL(linkname ?? "", `file:///${name}`).pathname.slice(1))
      : found.content;
  };
  const [{ Config, Layers }] = JSON.parse(file("manifest.json").toString());
  const { config, author } = JSON.parse(file(Config).toString());
  const { WorkingDir, Env, Labels } = config;
  const fields = {
    ...{ ...config, Author: author },
    WorkingDir: WorkingDir === "/" ? "" : WorkingDir,
    Env: [...(Env ?? [])].sort(),
    Labels: Object.fromEntries(
      Object.entries(Labels ?? {}).filter(([name]) => name !== "io.buildah.version"),
    ),
  };
  const said = new Map<string, string>();
  for (const field of [...FIELDS, "Author"])
    if (!isEmpty(fields[field])) said.set(field, JSON.stringify(tidied(fields[field])));
  const tree = new Map<string, string>();
  for (const layer of Layers) {
    const bytes = file(layer);
    await lay(tree, bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
  }
  return { config: said, tree };
}

async function lay(tree: Map<string, string>, layer: Uint8Array): Promise<void> {
  const take = (path: string) => {
    for (const known of [...tree.keys()])
      if (known === path || known.startsWith(`${path}/`)) tree.delete(known);
  };
  const entries = (await entriesOf(layer)).map((entry) => ({
    ...entry,
    path: entry.header.name.replace(/^(\.?\/)+|\/+$|^\.$/g, ""),
  }));
  // OCI image-layer: whiteouts are for what is below, wherever they stand.
  for (const { path } of entries) {
    const [, folder = "", name = ""] = /^(?:(.*)\/)?\.wh\.(.+)$/.exec(path) ?? [];
    if (name === "") continue;
    if (name !== ".wh..opq") take(folder === "" ? name : `${folder}/${name}`);
    else for (const known of [...tree.keys()]) if (known.startsWith(`${folder}/`)) tree.delete(known);
  }
  for (const { path, header, content } of entries) {
    if (path === "" || /(^|\/)\.wh\./.test(path)) continue;
    const type = header.type ?? "file";
    if (type === "link") {
      tree.set(path, tree.get((header.linkname ?? "").replace(/^(\.?\/)+/, "")) ?? "a link to nothing");
      continue;
    }
    if (type !== "directory") take(path);
    const mode = ((header.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
    const what =
      type === "symlink"
        ? `→ ${header.linkname}`
        : type === "file" && content.length > 0
          ? createHash("sha256").update(content).digest("hex").slice(0, 12)
          : "";
    const words = type === "symlink" ? [type, what] : [type, mode, what];
    tree.set(path, [...words, `${header.uid}:${header.gid}`].filter((word) => word !== "").join(" "));
  }
}

/** What builders leave of what they have mounted for a RUN. */
const STUBS = /^\/(dev|proc|run|sys|etc|etc\/(hostname|hosts|resolv\.conf)): nothing, /;

/** What the second has otherwise than the first, a line each. */
export function differences(ours: ImageView, theirs: ImageView): string[] {
  const lines: string[] = [];
  for (const part of ["config", "tree"] as const)
    for (const key of new Set([...ours[part].keys(), ...theirs[part].keys()])) {
      const [own = "nothing", other = "nothing"] = [ours[part].get(key), theirs[part].get(key)];
      if (own !== other) lines.push(`${part === "tree" ? "/" : ""}${key}: ${own}, theirs ${other}`);
    }
  return lines.filter((line) => !STUBS.test(line)).sort();
}
