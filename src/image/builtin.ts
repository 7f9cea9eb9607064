/**
 * The image localhost/hello:latest, made of the program that comes with Inro: nobody pulls it, and `run hello` works on
 * a machine without a network. It is made of the same bytes everywhere, so its id says which program it holds.
 */
import { readFile } from "node:fs/promises";
import { chainIdsOf, type Digest, digestOf } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import type { Image } from "./image.ts";
import type { Images } from "./images.ts";
import { fetchLayers } from "./layers.ts";
import type { NamedManifest } from "./layout/names.ts";
import type { PullStore } from "./pull.ts";
import { plainEntry, type TarEntry, type TarType } from "./tar/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar/writer.ts";

const name = "localhost/hello:latest";
const label = "dev.inro.builtin";
const created = "2026-11-24T00:00:00Z";

interface Item {
  readonly type: TarType;
  readonly name: string;
  readonly mode?: number;
  readonly linkName?: string;
  readonly content?: Uint8Array;
}

function entryOf({ type, name: path, mode, linkName, content }: Item): TarEntry {
  return {
    ...plainEntry,
    type,
    name: path,
    linkName: linkName ?? "",
    mode: mode ?? (type === "directory" ? 0o755 : 0o644),
    mtime: { seconds: Date.parse(created) / 1000, nanoseconds: 0 },
    size: content?.length ?? 0,
  };
}

function layerOf(items: readonly Item[]): Buffer {
  const parts = items.flatMap((item) => [
    tarHeader(entryOf(item)),
    item.content ?? new Uint8Array(),
    tarPadding(item.content?.length ?? 0),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

const folder = (path: string, mode?: number): Item => ({
  type: "directory",
  name: `${path}/`,
  ...(mode === undefined ? {} : { mode }),
});
const file = (path: string, text: string): Item => ({ type: "file", name: path, content: Buffer.from(text) });

/** From the bottom up: what every root has, who lives there, and the program itself. */
function layersOf(program: Uint8Array): { readonly tar: Buffer; readonly by: string }[] {
  const ground = [
    ...["dev", "etc", "proc", "sys"].map((path) => folder(path)),
    folder("root", 0o700),
    folder("tmp", 0o1777),
  ];
  const people = [
    folder("etc"),
    file("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    file("etc/os-release", 'ID=inro-hello\nNAME="Inro hello"\nPRETTY_NAME="Inro hello"\n'),
    file("etc/passwd", "root:x:0:0:root:/root:/hello\nnobody:x:65534:65534:nobody:/nonexistent:/hello\n"),
  ];
  const hello: Item[] = [{ type: "file", name: "hello", mode: 0o755, content: program }];
  return [
    { tar: layerOf(ground), by: "folders that every root has" },
    { tar: layerOf(people), by: "users, groups and a name" },
    { tar: layerOf(hello), by: "the program /hello" },
  ];
}

function configOf(program: Digest, layers: ReturnType<typeof layersOf>, architecture: string) {
  return {
    created,
    author: "Inro",
    architecture,
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["/hello"],
      WorkingDir: "/",
      Labels: {
        "org.opencontainers.image.title": "hello",
        "org.opencontainers.image.description": "Shows from inside what makes a container",
        [label]: program,
      },
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    history: layers.map(({ by }) => ({ created, created_by: by })),
  };
}

async function makeImage(store: PullStore, program: Uint8Array): Promise<NamedManifest> {
  const { blobs } = store;
  const made = layersOf(program);
  const config = await blobs.put(
    JSON.stringify(configOf(digestOf(program), made, store.platform.architecture)),
  );
  const layers = [];
  for (const { tar } of made)
    layers.push({ mediaType: mediaType.ociLayer, ...(await blobs.put(tar)), diffId: digestOf(tar) });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, ...config },
    layers: layers.map(({ diffId: _, ...descriptor }) => descriptor),
  };
  const descriptor = { mediaType: mediaType.ociManifest, ...(await blobs.put(JSON.stringify(manifest))) };
  const chainIds = chainIdsOf(layers.map(({ diffId }) => diffId));
  await fetchLayers(
    store.fetchLayer,
    layers,
    chainIds,
    () => () => {},
    ({ digest }) => blobs.stream(digest),
  );
  return { descriptor, names: [name], repoDigests: [] };
}

/**
 * Makes the image unless it is there with this very program. An image of the user's own under the name stays; an older
 * one of ours loses the name, and stays for the containers that stand on it.
 */
export async function ensureBuiltin(
  store: PullStore,
  images: Images,
  path: string,
  publish: (named: NamedManifest) => Promise<Image>,
): Promise<void> {
  const program = await readFile(path);
  const there = images.list().find((image) => image.names.includes(name));
  const made = there?.config.config.Labels?.[label];
  if (there !== undefined && (made === undefined || made === digestOf(program))) return;
  await publish(await makeImage(store, program));
}
