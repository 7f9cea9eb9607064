import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanFragment } from "../../kernel/plan/fragment.ts";
import { defaultSeccomp } from "../../kernel/seccomp/default.ts";
import { resolveProfile, type SeccompProfile } from "../../kernel/seccomp/profile.ts";
import type { AttachmentRecord } from "../../network/network.ts";
import { InroError } from "../../oci/error.ts";
import { parseExactJson } from "../../oci/json.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import type { CreateRequest } from "../../runtime/runtime.ts";
import type { NamedEdits } from "../cdi/apply.ts";
import { type Core, folderOf, socketFolderOf } from "../core.ts";
import type { Entry } from "../entry.ts";
import { linkHosts } from "../links/links.ts";
import { endpointsOf } from "../networks/endpoints.ts";
import type { ContainerOptions, EndpointOption } from "../options.ts";
import { chooseCapabilities } from "../spec/capabilities.ts";
import { hostDevices } from "../spec/devices.ts";
import type { ResolvedMount } from "../spec/mounts.ts";
import { buildSpec } from "../spec/spec.ts";
import { identityIn } from "./identity.ts";
import { donor, joinedBy } from "./namespaces.ts";

/** All that a start of one container is made from. */
export interface Ingredients {
  readonly id: string;
  readonly folder: string;
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly mounts: readonly ResolvedMount[];
  readonly cdi: readonly NamedEdits[];
  readonly rootfs: Rootfs;
  readonly fragments: readonly PlanFragment[];
  /** Fields of its entries in the journal; null: its output does not go there. */
  readonly journal: string | null;
}

export function hostnameOf(core: Core, id: string, options: ContainerOptions): string {
  if (options.utsMode === "host" || options.network.kind === "host")
    return options.hostname ?? core.host.hostname;
  if (options.network.kind !== "container") return options.hostname ?? id.slice(0, 12);
  const { container } = options.network;
  const other = [...core.shelf.all()].find((one) => one.id === container);
  // Removed while this one runs on in its network.
  if (other === undefined) return container.slice(0, 12);
  return hostnameOf(core, other.id, other.origin.options);
}

/** Looks up who the program runs as and writes the spec; what the runtime needs for `create` and `explain`. */
export function createRequest(core: Core, from: Ingredients): CreateRequest {
  const { id, options, host } = { ...from, host: core.host };
  const { spec, mountDetails, becauseOf } = buildSpec({
    id,
    options,
    arguments: from.arguments,
    identity: identityIn(from.rootfs, options.user, options.groupAdd),
    hostname: hostnameOf(core, id, options),
    joined: joinedBy(core, options),
    folder: from.folder,
    rootPath: from.rootfs.kind === "folder" ? from.rootfs.path : join(from.folder, from.rootfs.mountpoint),
    mounts: from.mounts,
    cdi: from.cdi,
    devices: hostDevices(options),
    seccomp: seccompOf(options, host),
    cgroupsPath: join(options.resources.cgroupParent ?? core.cgroupParent, id),
    host,
  });
  return {
    id,
    folder: from.folder,
    socketFolder: socketFolderOf(core, id),
    spec,
    rootfs: from.rootfs,
    mountDetails,
    terminal: options.tty,
    openStdin: options.openStdin,
    stdinOnce: options.stdinOnce,
    useInit: options.init,
    fragments: from.fragments,
    log: logTarget(from),
    becauseOf,
  };
}

export function logPath(folder: string): string {
  return join(folder, "log", "container.log");
}

function logTarget({ folder, options: { log }, journal }: Ingredients): CreateRequest["log"] {
  if (log.driver === "none" && journal === null) return null;
  const path = log.driver === "none" ? null : logPath(folder);
  return { path, maxSize: log.maxSize, maxFiles: log.maxFiles, journal };
}

interface Named {
  readonly id: string;
  readonly options: ContainerOptions;
  readonly attachments: readonly AttachmentRecord[];
  readonly endpoints: readonly EndpointOption[];
}

/** The files that a container sees as /etc/hosts, /etc/hostname and /etc/resolv.conf. INVALID_OPTION. */
export function writeEtcFiles(core: Core, folder: string, container: Named): void {
  const { options } = container;
  if (options.network.kind === "container") {
    const other = folderOf(core, donor(core, options.network.container, "network").id);
    for (const name of ["hostname", "hosts", "resolv.conf"])
      copyFileSync(join(other, name), join(folder, name));
    return;
  }
  const hostname = hostnameOf(core, container.id, options);
  const extraHosts = [...options.extraHosts, ...linkHosts(core, container)];
  // Synchronous: each is one page, and a turn through the thread pool costs more than the write.
  writeFileSync(join(folder, "hostname"), `${hostname}\n`, { mode: 0o644 });
  const { hosts, resolvConf } = core.networks.files(container.attachments, {
    ...options,
    hostname,
    extraHosts,
  });
  writeFileSync(join(folder, "hosts"), hosts, { mode: 0o644 });
  writeFileSync(join(folder, "resolv.conf"), resolvConf, { mode: 0o644 });
}

/** Again, in the same files, for a container that sees them already. */
export function writeConnectionFiles(core: Core, entry: Entry): void {
  const { id, origin, fortune } = entry;
  const { attachments } = fortune;
  const container = { id, options: origin.options, attachments, endpoints: endpointsOf(entry) };
  writeEtcFiles(core, folderOf(core, id), container);
}

function seccompOf(options: ContainerOptions, host: Core["host"]): SpecSeccomp | null {
  const { seccomp } = options.security;
  if (seccomp.kind === "unconfined" || (options.privileged && seccomp.kind === "default")) return null;
  const { capAdd: add, capDrop: drop, privileged } = options;
  const capabilities = chooseCapabilities({ add, drop, privileged, held: host.capabilities });
  const facts = {
    architecture: process.arch === "arm64" ? "aarch64" : "x86_64",
    capabilities: capabilities.map((name) => `CAP_${name}`),
    kernel: host.kernel,
  } as const;
  return seccomp.kind === "default"
    ? defaultSeccomp(facts)
    : resolveProfile(parseProfile(seccomp.text), facts);
}

function parseProfile(text: string): SeccompProfile {
  try {
    return parseExactJson(text) as SeccompProfile;
  } catch (cause) {
    throw new InroError("INVALID_OPTION", {
      what: "cannot use the seccomp profile",
      why: `it is not JSON: ${String(cause)}`,
      at: "--security-opt seccomp",
      cause,
    });
  }
}
