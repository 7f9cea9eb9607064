import type { PortRequest } from "../../oci/port.ts";
import type { Core } from "../core.ts";
import { mergeImage } from "../create/merge.ts";
import { validate } from "../create/validate.ts";
import { optionsOf } from "../current.ts";
import type { ContainerChange } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { settleNamespaces } from "../life/namespaces.ts";
import { changedResources } from "../life/update.ts";
import { settleNetworks } from "../networks/endpoints.ts";
import { portsAfter } from "../networks/ports.ts";
import {
  type ContainerOptions,
  DEFAULT_OPTIONS,
  type HealthOption,
  type SecurityOptions,
} from "../options.ts";
import { editedLists, LISTS, type ListEdits, listsOf, withLists } from "./lists.ts";
import { editedNetworks, moves, type NetworkEdit } from "./networks.ts";

/** Options that are replaced as a whole. */
export const REPLACED = [
  "command",
  "entrypoint",
  "user",
  "workingDirectory",
  "hostname",
  "domainname",
  "tty",
  "openStdin",
  "stopSignal",
  "stopTimeout",
  "autoRemove",
  "init",
  "readOnly",
  "privileged",
  "shmSize",
  "oomScoreAdj",
  "pidMode",
  "ipcMode",
  "utsMode",
  "cgroupNamespace",
  "maskedPaths",
  "readonlyPaths",
  "log",
  "health",
  "healthOnFailure",
] as const;

export type Replaced = (typeof REPLACED)[number];

/** What is to be another from now on; what is left out or empty stays. */
export interface ContainerEdit {
  readonly name: string | null;
  readonly set: Partial<Pick<ContainerOptions, Replaced>>;
  /** These are again what the image or the default has. */
  readonly reset: readonly Replaced[];
  readonly security: Partial<SecurityOptions>;
  readonly lists: ListEdits;
  readonly ports: { readonly publish: readonly PortRequest[]; readonly withdraw: readonly PortRequest[] };
  readonly networks: NetworkEdit;
  readonly limits: ContainerChange;
}

/** The container's options as they are to be. INVALID_OPTION, NOT_PUBLISHED, NO_SUCH_NETWORK. */
export function editedOptions(core: Core, entry: Entry, asked: ContainerEdit): ContainerOptions {
  const before = optionsOf(entry);
  const { lists, ports, limits, set } = asked;
  const listed = withLists(before, editedLists(entry, listsOf(before), lists));
  const base = { ...listed, ...ofImage(core, entry, asked.reset) };
  const networks = editedNetworks(core, entry, asked.networks);
  const options = validate(
    {
      ...base,
      ...set,
      ...networks,
      ...capabilities(listed, lists),
      security: { ...before.security, ...asked.security },
      health: { ...base.health, ...said(set.health ?? {}) },
      ...(ports.publish.length + ports.withdraw.length === 0
        ? {}
        : { ports: portsAfter(entry, ports, networks.network), publishAllPorts: false }),
      bandwidth: { ...before.bandwidth, ...limits.bandwidth },
      resources: changedResources(listed.resources, limits.resources),
      restart: limits.restart ?? before.restart,
    },
    core.host,
  );
  // What it had may be gone by now, and is no concern of an edit that leaves it as it is.
  if (!moves(asked.networks)) return set.pidMode || set.ipcMode ? settleNamespaces(core, options) : options;
  return settleNetworks(core, settleNamespaces(core, options));
}

/** What the image, else the default, says of these. */
function ofImage(core: Core, { origin }: Entry, names: readonly Replaced[]): Partial<ContainerOptions> {
  if (names.length === 0) return {};
  const { image } = origin.options;
  const all = mergeImage({ ...DEFAULT_OPTIONS, image }, core.images.resolve(origin.imageId).config.config);
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** What is added now is not dropped any more, and the reverse. */
function capabilities({ capAdd, capDrop }: ContainerOptions, lists: ListEdits) {
  const without = (names: readonly string[], others: readonly string[]) => {
    const gone = new Set(others.map(LISTS.capAdd.key));
    return names.filter((name) => !gone.has(LISTS.capAdd.key(name)));
  };
  return {
    capAdd: without(capAdd, lists.capDrop.set),
    capDrop: without(capDrop, lists.capAdd.set),
  };
}

/** Of a health check what is 0 or empty is not asked for. */
const said = (health: Partial<HealthOption>): Partial<HealthOption> =>
  Object.fromEntries(
    Object.entries(health).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== 0)),
  );
