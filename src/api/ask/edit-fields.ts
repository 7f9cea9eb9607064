/** What an edit's body can say, field by field. */
import type { Replaced } from "../../engine/edit/asked.ts";
import { LIST_NAMES, type Lists } from "../../engine/edit/lists.ts";
import type { ContainerOptions } from "../../engine/options.ts";
import {
  type Asked,
  flagOrNull,
  integerOrNull,
  invalid,
  text,
  textOrNull,
  textRecord,
  texts,
  textsOrNull,
  words,
} from "../asked.ts";
import { extraHosts, oomScore, positiveOrNull } from "./container.ts";
import { health } from "./health.ts";
import { modes } from "./modes.ts";
import { mounts } from "./mounts.ts";
import { deviceRequests, devices, ulimits } from "./resources.ts";
import { CHANGEABLE } from "./update.ts";

/** Where a field of create's body stands, and how it is read; `null`: it is not to be another. */
interface Field<T> {
  readonly of: "Config" | "HostConfig";
  readonly name: string;
  readonly read: (from: Asked, name: string) => T | null;
}

const config = <T>(name: string, read: Field<T>["read"]): Field<T> => ({ of: "Config", name, read });
const host = <T>(name: string, read: Field<T>["read"]): Field<T> => ({ of: "HostConfig", name, read });

/** Words that `modes` knows; an empty one is not to be another. */
const mode = <K extends keyof ReturnType<typeof modes>>(name: string, key: K) =>
  host(name, (from) => (text(from, name) === "" ? null : modes(NOTHING, from)[key]));

const NOTHING: Asked = { fields: {}, at: "" };

export const SET: { readonly [K in Exclude<Replaced, "log">]: Field<NonNullable<ContainerOptions[K]>> } = {
  command: config("Cmd", words),
  entrypoint: config("Entrypoint", words),
  user: config("User", textOrNull),
  workingDirectory: config("WorkingDir", textOrNull),
  hostname: config("Hostname", textOrNull),
  domainname: config("Domainname", textOrNull),
  tty: config("Tty", flagOrNull),
  openStdin: config("OpenStdin", flagOrNull),
  stopSignal: config("StopSignal", textOrNull),
  stopTimeout: config("StopTimeout", integerOrNull),
  health: config("Healthcheck", (from, name) => (name in from.fields ? health(from, NOTHING).health : null)),
  autoRemove: host("AutoRemove", flagOrNull),
  init: host("Init", flagOrNull),
  readOnly: host("ReadonlyRootfs", flagOrNull),
  privileged: host("Privileged", flagOrNull),
  shmSize: host("ShmSize", positiveOrNull),
  oomScoreAdj: host("OomScoreAdj", oomScore),
  pidMode: mode("PidMode", "pidMode"),
  ipcMode: mode("IpcMode", "ipcMode"),
  utsMode: mode("UTSMode", "utsMode"),
  cgroupNamespace: mode("CgroupnsMode", "cgroupNamespace"),
  maskedPaths: host("MaskedPaths", textsOrNull),
  readonlyPaths: host("ReadonlyPaths", textsOrNull),
  healthOnFailure: host("HealthOnFailure", (from, name) =>
    text(from, name) === "" ? null : health(NOTHING, from).healthOnFailure,
  ),
};

export const SET_NAMES = Object.keys(SET) as readonly (keyof typeof SET)[];

/** The fields that a list stands in, under the first of which its things are taken away by their keys. */
interface List<T> {
  readonly config?: readonly string[];
  readonly host?: readonly string[];
  readonly remove: string;
  readonly read: (config: Asked, host: Asked) => T;
}

const ofHost = <T>(name: string, read: (host: Asked, name: string) => T): List<T> => ({
  host: [name],
  remove: name,
  read: (_, host) => read(host, name),
});
const pairs = (from: Asked, name: string) => Object.entries(textRecord(from, name));

export const LISTS: { readonly [K in keyof Lists]: List<Lists[K]> } = {
  env: { config: ["Env"], remove: "Env", read: environment },
  labels: { config: ["Labels"], remove: "Labels", read: (config) => pairs(config, "Labels") },
  mounts: {
    config: ["Volumes"],
    host: ["Binds", "Mounts", "Tmpfs"],
    remove: "Mounts",
    read: (config, host) => mounts(config, host, []),
  },
  capAdd: ofHost("CapAdd", texts),
  capDrop: ofHost("CapDrop", texts),
  devices: ofHost("Devices", devices),
  deviceRequests: ofHost("DeviceRequests", deviceRequests),
  deviceCgroupRules: ofHost("DeviceCgroupRules", texts),
  ulimits: ofHost("Ulimits", ulimits),
  sysctls: ofHost("Sysctls", pairs),
  groupAdd: ofHost("GroupAdd", texts),
  extraHosts: ofHost("ExtraHosts", extraHosts),
  dns: ofHost("Dns", texts),
  dnsSearch: ofHost("DnsSearch", texts),
  dnsOptions: ofHost("DnsOptions", texts),
  annotations: ofHost("Annotations", pairs),
};

const lists = LIST_NAMES.map((name) => LISTS[name]);
const fieldsOf = (of: Field<unknown>["of"]) =>
  SET_NAMES.filter((name) => SET[name].of === of).map((name) => SET[name].name);

export const KNOWN = {
  body: ["Name", "Set", "Remove", "Reset"],
  Config: [
    ...fieldsOf("Config"),
    ...lists.flatMap(({ config = [] }) => config),
    ...["HostConfig", "NetworkingConfig"],
  ],
  HostConfig: [
    ...fieldsOf("HostConfig"),
    ...lists.flatMap(({ host = [] }) => host),
    ...["PortBindings", "NetworkMode", "SecurityOpt", "LogConfig", "RestartPolicy", "NetworkBandwidth"],
    ...CHANGEABLE,
  ],
  Remove: [...lists.map(({ remove }) => remove), "Ports", "Networks", "SecurityOpt", "LogConfig"],
} as const;

/** What cannot be changed, and why. */
export const REFUSED: Readonly<Record<string, string>> = {
  Image:
    "what the container wrote lies over this image: whole files of it, changed, and marks where some were removed. Over " +
    "another one they would hide what is new there. Make another container from what inro inspect --as run prints, with " +
    "the new image and the same volumes; inro diff tells what would be left behind",
  StorageOpt: "its files are held to it since they were made: make another container",
  VolumesFrom: "name the mounts one by one",
};

function environment(config: Asked): readonly string[] {
  const env = texts(config, "Env");
  const nameless = env.find((entry) => !/^[^=]+=/s.test(entry));
  if (nameless === undefined) return env;
  throw invalid(`${config.at}Env`, `"${nameless}" is not NAME=value`);
}
