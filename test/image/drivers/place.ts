/** What the conformance suite runs on: a driver, on a file system. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Image, type Images, openImages } from "../../../src/image/images.ts";
import type { DriverName } from "../../../src/image/snapshot/driver.ts";
import { type Tree, trees } from "../../../src/image/tree/tree.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import type { Rootfs } from "../../../src/oci/rootfs.ts";
import { type FileSystemType, fileSystem } from "../../support/file-system.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { chunks, dockerArchive, native } from "../fixtures.ts";

export interface Place extends AsyncDisposable {
  readonly root: string;
  readonly images: Images;
  readonly tree: Tree;
  load(name: string, ...layers: readonly Uint8Array[]): Promise<Image>;
  /** A new container's folder. */
  container(): string;
  prepare(image: Image, folder?: string): Promise<Rootfs>;
  /** The folder of an image's layer, counted from the lowest. */
  layer(image: Image, index: number): string;
  /** With another driver; "found": the one that is found without a wish. */
  reopen(driver?: DriverName | "found"): Promise<Images>;
}

const layersName: { readonly [N in DriverName]: string } = {
  overlay: "snapshots",
  btrfs: "snapshots-btrfs",
  copy: "snapshots-copy",
};

export async function place(
  driver: DriverName,
  on: FileSystemType | "host",
  mount?: string,
  mebibytes?: number,
): Promise<Place> {
  const disk =
    on === "host"
      ? temporaryFolder("driver")
      : fileSystem(on, {
          ...(mount === undefined ? {} : { mount }),
          ...(mebibytes === undefined ? {} : { mebibytes }),
        });
  const root = join(disk.path, "data");
  let images = await openImages({ root, native, driver });
  let containers = 0;
  const at: Place = {
    root,
    get images() {
      return images;
    },
    tree: trees(native),
    async load(name, ...layers) {
      const ids = layers.map(
        (layer) => `sha256:${new Bun.CryptoHasher("sha256").update(layer).digest("hex")}`,
      );
      const [image] = await images.load(chunks(dockerArchive(name, layers, ids)));
      return image as Image;
    },
    container() {
      const folder = join(root, "containers", String(containers++));
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    prepare: (image, folder = at.container()) => images.prepare(folder, image),
    layer: (image, index) =>
      join(root, layersName[driver], (image.chainIds[index] as Digest).slice("sha256:".length), "fs"),
    async reopen(other = driver) {
      await images.close();
      images = await openImages({ root, native, driver: other === "found" ? undefined : other });
      return images;
    },
    async [Symbol.asyncDispose]() {
      await images.close();
      disk[Symbol.dispose]();
    },
  };
  return at;
}
