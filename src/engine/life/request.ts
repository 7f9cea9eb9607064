import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSeccomp } from "../../kernel/seccomp/default.ts";
import { resolveProfile, type SeccompProfile } from "../../kernel/seccomp/profile.ts";
import type { Attachment } from "../../network/network.ts";
import { InroError } from "../../oci/error.ts";
import { parseExactJson } from "../../oci/json.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import type { CreateRequest } from "../../runtime/runtime.ts";
import { type Core, socketFolderOf } from "../core.ts";
import { resolveMounts } from "../create/mounts.ts";
import type { MountPoint } from "../engine.ts";
import type { Host } from "../host.ts";
import type { ContainerOptions } from "../options.ts";
import { chooseCapabilities } from "../spec/capabilities.ts";
import { hostDevices } from "../spec/devices.ts";
import { buildSpec } from "../spec/spec.ts";
import { identityIn } from "./identity.ts";

/** All that a start of one container is made from. */
export interface Ingredients {
  readonly id: string;
  readonly folder: string;
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly mounts: readonly MountPoint[];
  readonly rootfs: Rootfs;
  readonly attachment: Attachment;
}

export function hostnameOf(id: string, options: ContainerOptions, host: Host): string {
  if (options.utsMode === "host" || options.network.kind === "host") return options.hostname ?? host.hostname;
  return options.hostname ?? id.slice(0, 12);
}

/** Looks up who the program runs as and writes the spec; what the runtime needs for `create` and `explain`. */
export function createRequest(core: Core, from: Ingredients): CreateRequest {
  const { id, options, host } = { ...from, host: core.host };
  const { spec, becauseOf } = buildSpec({
    id,
    options,
    arguments: from.arguments,
    identity: identityIn(from.rootfs, options.user, options.groupAdd),
    hostname: hostnameOf(id, options, host),
    folder: from.folder,
    rootPath: from.rootfs.kind === "folder" ? from.rootfs.path : join(from.folder, from.rootfs.mountpoint),
    mounts: resolveMounts(options, from.mounts),
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
    terminal: options.tty,
    openStdin: options.openStdin,
    stdinOnce: options.stdinOnce,
    useInit: options.init,
    fragments: [from.attachment.fragment],
    log: logTarget(from.folder, options),
    becauseOf,
  };
}

export function logPath(folder: string): string {
  return join(folder, "log", "container.log");
}

function logTarget(folder: string, { log }: ContainerOptions): CreateRequest["log"] {
  if (log.driver === "none") return null;
  return { path: logPath(folder), maxSize: log.maxSize, maxFiles: log.maxFiles };
}

/** The files that a container sees as /etc/hosts, /etc/hostname and /etc/resolv.conf. */
export function writeEtcFiles(folder: string, hostname: string, attachment: Attachment): void {
  // Synchronous: each is one page, and a turn through the thread pool costs more than the write.
  writeFileSync(join(folder, "hostname"), `${hostname}\n`, { mode: 0o644 });
  writeFileSync(join(folder, "hosts"), attachment.hosts, { mode: 0o644 });
  writeFileSync(join(folder, "resolv.conf"), attachment.resolvConf, { mode: 0o644 });
}

function seccompOf(options: ContainerOptions, host: Host): SpecSeccomp | null {
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
