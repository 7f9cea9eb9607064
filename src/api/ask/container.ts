import { type ContainerOptions, DEFAULT_OPTIONS } from "../../engine/options.ts";
import {
  type Asked,
  flag,
  flagOrNull,
  integerOrNull,
  invalid,
  keys,
  object,
  text,
  textOrNull,
  textRecord,
  texts,
  words,
} from "../asked.ts";
import { bandwidth } from "./bandwidth.ts";
import { health } from "./health.ts";
import { links } from "./links.ts";
import { logOptions } from "./log.ts";
import { modes } from "./modes.ts";
import { mounts } from "./mounts.ts";
import { exposedPorts, ports } from "./ports.ts";
import { deviceRequests, devices, resources, ulimits } from "./resources.ts";
import { security } from "./security.ts";
import { storage } from "./storage.ts";
import { toldOptions, warnings } from "./unsupported.ts";
import { type MountsOf, volumesFrom } from "./volumes-from.ts";

export interface AskedContainer {
  readonly options: ContainerOptions;
  /** What was asked for and is not done, for the client to print. */
  readonly warnings: readonly string[];
}

/** The body of POST /containers/create. INVALID_OPTION names the field. */
export function askedContainer(body: Asked, mountsOf: MountsOf): AskedContainer {
  const host = object(body, "HostConfig");
  const image = text(body, "Image");
  if (image === "") throw invalid("Image", "no image is named");
  const options: ContainerOptions = {
    ...DEFAULT_OPTIONS,
    image,
    ...program(body),
    ...streams(body),
    ...modes(body, host),
    ...health(body, host),
    ...hostOptions(host),
    hostname: textOrNull(body, "Hostname"),
    domainname: textOrNull(body, "Domainname"),
    labels: textRecord(body, "Labels"),
    links: links(host),
    mounts: mounts(body, host, volumesFrom(host, mountsOf)),
    exposedPorts: exposedPorts(keys(body, "ExposedPorts")),
    stopSignal: textOrNull(body, "StopSignal"),
    stopTimeout: integerOrNull(body, "StopTimeout"),
    told: toldOptions(host),
  };
  return { options, warnings: warnings(body, host) };
}

function program(body: Asked) {
  const command = words(body, "Cmd");
  return {
    // dockerd counts an empty command as none; an entrypoint can be emptied.
    command: command !== null && command.length === 0 ? null : command,
    entrypoint: words(body, "Entrypoint"),
    env: texts(body, "Env"),
    user: textOrNull(body, "User"),
    workingDirectory: textOrNull(body, "WorkingDir"),
  };
}

function streams(body: Asked) {
  return {
    tty: flag(body, "Tty"),
    openStdin: flag(body, "OpenStdin"),
    stdinOnce: flag(body, "StdinOnce"),
    attachStdin: flag(body, "AttachStdin"),
    attachStdout: flag(body, "AttachStdout"),
    attachStderr: flag(body, "AttachStderr"),
  };
}

function hostOptions(host: Asked) {
  return {
    readOnly: flag(host, "ReadonlyRootfs"),
    resources: resources(host),
    capAdd: texts(host, "CapAdd"),
    capDrop: texts(host, "CapDrop"),
    privileged: flag(host, "Privileged"),
    ...security(host),
    bandwidth: { ...DEFAULT_OPTIONS.bandwidth, ...bandwidth(host) },
    ports: ports(host),
    publishAllPorts: flag(host, "PublishAllPorts"),
    autoRemove: flag(host, "AutoRemove"),
    init: flagOrNull(host, "Init") ?? false,
    restart: restart(object(host, "RestartPolicy")),
    ulimits: ulimits(host),
    sysctls: textRecord(host, "Sysctls"),
    groupAdd: texts(host, "GroupAdd"),
    shmSize: positiveOrNull(host, "ShmSize"),
    storage: storage(host),
    log: logOptions(object(host, "LogConfig")),
    devices: devices(host),
    deviceRequests: deviceRequests(host),
    extraHosts: extraHosts(host),
    dns: texts(host, "Dns"),
    dnsSearch: texts(host, "DnsSearch"),
    dnsOptions: texts(host, "DnsOptions"),
    oomScoreAdj: oomScore(host),
    annotations: textRecord(host, "Annotations"),
    consoleSize: consoleSize(host),
  };
}

const policies = ["no", "always", "unless-stopped", "on-failure"] as const;

/** A restart policy; the empty name is "no". */
export function restart(policy: Asked): ContainerOptions["restart"] {
  const name = text(policy, "Name") || "no";
  const known = policies.find((one) => one === name);
  if (known === undefined) throw invalid(`${policy.at}Name`, `"${name}" is none of ${policies.join(", ")}`);
  const maximumRetries = integerOrNull(policy, "MaximumRetryCount") ?? 0;
  if (maximumRetries < 0) throw invalid(`${policy.at}MaximumRetryCount`, "it is negative");
  if (maximumRetries > 0 && known !== "on-failure") {
    throw invalid(`${policy.at}MaximumRetryCount`, `it counts only for on-failure, not for ${known}`);
  }
  return { name: known, maximumRetries };
}

export function positiveOrNull(host: Asked, name: string): number | null {
  const value = integerOrNull(host, name);
  if (value !== null && value < 0) throw invalid(host.at + name, "it is negative");
  return value === 0 ? null : value;
}

// proc_pid_oom_score_adj(5). Every Go client sends 0 for "not asked for".
export function oomScore(host: Asked): number | null {
  const value = integerOrNull(host, "OomScoreAdj") ?? 0;
  if (value < -1000 || value > 1000) throw invalid(`${host.at}OomScoreAdj`, "it is not within -1000 to 1000");
  return value === 0 ? null : value;
}

export function extraHosts(host: Asked): readonly string[] {
  const entries = texts(host, "ExtraHosts");
  entries.forEach((entry, index) => {
    if (!/^[^:\s]+:[^\s]+$/.test(entry)) {
      throw invalid(`${host.at}ExtraHosts[${index}]`, `"${entry}" is not host:address`);
    }
  });
  return entries;
}

/** `[height, width]`; zeros, as the CLI sends without a terminal, are none. */
export function consoleSize(from: Asked): ContainerOptions["consoleSize"] {
  const pair = from.fields["ConsoleSize"];
  if (pair === undefined || pair === null) return null;
  const [rows, columns] = Array.isArray(pair) ? (pair as unknown[]) : [];
  const fits = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff;
  if (!fits(rows) || !fits(columns)) {
    throw invalid(`${from.at}ConsoleSize`, "it is not a height and a width of 0 to 65535");
  }
  return rows === 0 && columns === 0 ? null : { rows, columns };
}
