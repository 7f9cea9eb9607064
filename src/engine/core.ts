import { join } from "node:path";
import type { Images } from "../image/images.ts";
import type { Tree } from "../image/tree/tree.ts";
import type { Networks } from "../network/network.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { Lasting } from "../platform/sqlite.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { VolumeStore } from "../volume/volumes.ts";
import type { Entry } from "./entry.ts";
import type { Exec } from "./execs.ts";
import type { Watch } from "./health/watch.ts";
import type { Host } from "./host.ts";
import type { Mutex } from "./mutex.ts";
import type { NetworkShelf } from "./networks/shelf.ts";
import type { News } from "./news.ts";
import type { ContainerFortune, ContainerOrigin, Records } from "./records.ts";
import type { Semaphore } from "./semaphore.ts";
import type { Shelf } from "./shelf.ts";

/** What every verb of the engine works with. */
export interface Core {
  readonly root: string;
  readonly execRoot: string;
  /** Below which every container's cgroup is made: `/inro`. */
  readonly cgroupParent: string;
  readonly images: Images;
  readonly runtime: Runtime;
  /** Where devices are described (CDI), the later ones before the earlier. */
  readonly cdiFolders: readonly string[];
  readonly networks: Networks;
  readonly networkShelf: NetworkShelf;
  readonly volumes: VolumeStore;
  /** Reads and writes file trees beneath roots that nobody can lead out of. */
  readonly trees: Tree;
  readonly records: Records;
  readonly news: News;
  readonly host: Host;
  readonly shelf: Shelf;
  readonly execs: Map<string, Exec>;
  /** Containers whose health is looked after, by id; others cost nothing. */
  readonly watches: Map<string, Watch>;
  /** Names of containers that are being made, with the ids of their images. */
  readonly beingMade: Map<string, string>;
  /** Volumes that must not go or move now, with how many reasons there are. */
  readonly volumeHolds: Map<string, number>;
  /** Held while a volume is filled with what an image has. */
  readonly fillTurn: Mutex;
  /** Held while a container starts that may share what lives in memory. */
  readonly memoryTurn: Mutex;
  /** A start's plan is some 200 KB while it is under way: a crowd of them takes no longer in its turns. */
  readonly starts: Semaphore;
  /** What went wrong where no caller waits for it. */
  fault(doing: string, cause: unknown): void;
  /** Work that nobody waits for, except the engine's own end. */
  background(work: Promise<unknown>): void;
}

export function folderOf(core: Pick<Core, "root">, id: string): string {
  return join(core.root, "containers", id);
}

/** Where a container's monitor listens; gone after a reboot. */
export function socketFolderOf(core: Pick<Core, "execRoot">, id: string): string {
  return join(core.execRoot, "containers", id);
}

/** What a container was made of, and what is mounted in it. */
export function imagesOf({ imageId, mounts }: ContainerOrigin): readonly Digest[] {
  const mounted = mounts.flatMap(({ type, name }) =>
    type === "image" && name !== null ? [parseDigest(name)] : [],
  );
  return [imageId, ...mounted];
}

/** Who needs which image: containers by their ids, and those that are being made by their names. */
export function imageUsers({ shelf, beingMade }: Pick<Core, "shelf" | "beingMade">) {
  return [
    ...[...shelf.all()].flatMap(({ id, origin }) =>
      imagesOf(origin).map((imageId) => ({ user: id, imageId })),
    ),
    ...[...beingMade].map(([user, imageId]) => ({ user, imageId })),
  ];
}

/** Changes what is recorded of a container, on disk first. */
export function record(
  core: Core,
  entry: Entry,
  change: Partial<ContainerFortune>,
  lasting: Lasting = "process",
): void {
  const fortune = { ...entry.fortune, ...change };
  core.records.updateContainer(entry.id, fortune, lasting);
  entry.fortune = fortune;
}

/** Tells an event of a container, with the attributes that Docker gives each of them; `passing`: and does not keep it. */
export function tell(
  core: Core,
  entry: Entry,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
  passing = false,
): void {
  const { options } = entry.origin;
  const about = { ...options.labels, image: options.image, name: entry.name, ...attributes };
  core.news.tell({ type: "container", action, id: entry.id, attributes: about }, passing);
}
