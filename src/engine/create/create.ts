import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "../../image/images.ts";
import { InroError } from "../../oci/error.ts";
import { hostPlatform, type Platform } from "../../oci/platform.ts";
import { Undo } from "../../oci/undo.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { requestedEdits } from "../cdi/asked.ts";
import { timeNow } from "../clock.ts";
import { type Core, folderOf, tell } from "../core.ts";
import { Entry } from "../entry.ts";
import { checkJournal } from "../life/journal.ts";
import { settleNamespaces } from "../life/namespaces.ts";
import { discard } from "../life/remove.ts";
import { settleLinks } from "../links/links.ts";
import { checkName, nameInUse, randomName } from "../names.ts";
import { connectable, endpointsOfOptions, settleNetworks } from "../networks/endpoints.ts";
import type { ContainerOptions } from "../options.ts";
import type { ContainerFortune } from "../records.ts";
import { NEVER } from "../state.ts";
import { copyUp } from "./copy-up.ts";
import { mergeImage } from "./merge.ts";
import { prepareMounts } from "./mounts.ts";
import { validate } from "./validate.ts";

/** What a container never has until it starts. */
const UNBORN: ContainerFortune = {
  state: { status: "created", failure: null },
  startedAt: NEVER,
  restartCount: 0,
  memoryKills: 0,
  stoppedByUser: false,
  bootId: "",
  starting: false,
  health: null,
  rootfs: null,
  attachments: [],
  shaper: null,
  bandwidth: null,
  resources: null,
  restart: null,
  endpoints: null,
  ports: null,
  edit: null,
};

export interface Settled {
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly image: Image;
  readonly warnings: readonly string[];
}

/** Everything that can be refused without making anything. */
export function settle(core: Core, asked: ContainerOptions, platform?: Platform): Settled {
  const image = core.images.resolve(asked.image, platform);
  checkJournal(asked);
  const valid = validate(mergeImage(asked, image.config.config), core.host);
  const options = settleLinks(core, settleNetworks(core, settleNamespaces(core, valid)));
  const words = [...(options.entrypoint ?? []), ...(options.command ?? [])];
  if (words.length === 0)
    throw new InroError("NO_COMMAND", {
      what: `cannot create a container of "${asked.image}"`,
      why: "no command specified: neither the image nor the request says what to run",
      hint: "write the command after the image's name",
    });
  return { options, arguments: words, image, warnings: warnings(core, options, platform ? null : image) };
}

/** `image`: the one that nobody asked a platform of; null where one was asked for. */
function warnings(core: Core, options: ContainerOptions, image: Image | null): string[] {
  const host = hostPlatform();
  const { resources } = options;
  return [
    ...(image !== null && image.architecture !== "" && image.architecture !== host.architecture
      ? [
          `The requested image's platform (${image.os}/${image.architecture}) does not match the detected host ` +
            `platform (${host.os}/${host.architecture}) and no specific platform was requested`,
        ]
      : []),
    ...(resources.memory > 0 && !core.host.swapLimit
      ? [
          "Your kernel does not support swap limit capabilities. Limitation discarded: memory is limited without swap.",
        ]
      : []),
    ...(resources.memorySwappiness !== null && core.host.cgroupVersion === "2"
      ? ["Your kernel does not support memory swappiness capabilities. Memory swappiness discarded."]
      : []),
    ...(resources.oomKillDisable && core.host.cgroupVersion === "2"
      ? ["Your kernel does not support OomKillDisable. OomKillDisable discarded."]
      : []),
    ...(options.network.kind === "host" && options.ports.length > 0
      ? ["Published ports are discarded when using host network mode"]
      : []),
  ];
}

/** Makes a container's record and files; what was made is undone when anything fails. */
export async function create(core: Core, asked: ContainerOptions, name: string | null, platform?: Platform) {
  const settled = settle(core, asked, platform);
  const chosen = reserveName(core, name, settled.image.id);
  try {
    await core.images.admit(settled.image, asked.image);
    const made = await make(core, settled, chosen);
    return { ...made, warnings: [...made.warnings, ...(await unreachable(core, settled.options))] };
  } catch (cause) {
    throw diskFull(cause, { what: `cannot make the container "${chosen}"`, folder: core.root }) ?? cause;
  } finally {
    core.beingMade.delete(chosen);
  }
}

/** Holds name and image while the container is being made: nobody else takes the one, or removes the other. */
function reserveName(core: Core, asked: string | null, imageId: string): string {
  const taken = (name: string) => core.shelf.byName(name) !== undefined || core.beingMade.has(name);
  const name = asked === null || asked === "" ? randomName(taken) : checkName(asked);
  if (taken(name)) throw nameInUse(name, core.shelf.byName(name)?.id);
  core.beingMade.set(name, imageId);
  return name;
}

/** Ports that are to be published, and would not be reached. */
async function unreachable(core: Core, options: ContainerOptions): Promise<readonly string[]> {
  if (options.ports.length === 0 && !options.publishAllPorts) return [];
  const networks = connectable(endpointsOfOptions(options));
  return networks.length === 0 ? [] : core.networks.foreignWarnings(networks);
}

async function make(core: Core, settled: Settled, name: string) {
  const { options, image } = settled;
  const id = randomBytes(32).toString("hex");
  const folder = folderOf(core, id);
  using holds = new DisposableStack();
  await using undo = new Undo();
  mkdirSync(join(folder, "log"), { recursive: true, mode: 0o700 });
  undo.add("remove the container's folder", () => discard(core, folder));
  // What nobody describes is refused now, and looked up again at each start.
  await requestedEdits(core, options);
  const mounts = await prepareMounts(core, options, undo, holds);
  const rootfs = await core.images.prepare(folder, image, { limit: options.storage.size ?? undefined });
  undo.add("release the container's files", () => core.images.release(folder));
  await copyUp(core, rootfs, mounts.filled);
  const origin = {
    created: timeNow(),
    imageId: image.id,
    options,
    arguments: settled.arguments,
    mounts: mounts.points,
  };
  const entry = new Entry({ id, name, origin, fortune: UNBORN });
  entry.rootfs = rootfs;
  core.records.addContainer({ id, name, origin, fortune: UNBORN }, mounts.made);
  core.shelf.put(entry);
  undo.release();
  for (const volume of mounts.made)
    core.news.tell({ type: "volume", action: "create", id: volume.name, attributes: { driver: "local" } });
  tell(core, entry, "create");
  return { id, warnings: settled.warnings };
}
