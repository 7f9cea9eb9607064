import type { ContainerEdit } from "../../engine/edit/asked.ts";
import {
  type Asked,
  flagOrNull,
  integerOrNull,
  invalid,
  object,
  text,
  textOrNull,
  textRecord,
  texts,
  words,
} from "../asked.ts";
import { health } from "./health.ts";
import { mounts } from "./mounts.ts";
import { ports } from "./ports.ts";
import { askedChange, CHANGEABLE } from "./update.ts";

/** Fields of create's body that an edit changes. */
const SET = [
  ...["Env", "Labels", "Cmd", "Entrypoint", "User", "WorkingDir", "Hostname", "StopSignal", "StopTimeout"],
  ...["Healthcheck", "Volumes", "HostConfig"],
];
const SET_HOST = [
  ...["Binds", "Mounts", "Tmpfs", "PortBindings", "RestartPolicy", "NetworkBandwidth", "HealthOnFailure"],
  ...["Init", "ReadonlyRootfs", "Privileged"],
  ...CHANGEABLE,
];
const REMOVE = ["Env", "Labels", "Mounts", "Ports"];

/**
 * `{"Name", "Set": as create's body, "Remove": {"Env", "Labels", "Mounts", "Ports"}}`: what is absent stays; what cannot be
 * changed of a container that is there is refused.
 */
export function askedEdit(body: Asked): ContainerEdit {
  const [set, gone] = [object(body, "Set"), object(body, "Remove")];
  const host = object(set, "HostConfig");
  refuseOthers(body, ["Name", "Set", "Remove"]);
  refuseOthers(set, SET);
  refuseOthers(host, SET_HOST);
  refuseOthers(gone, REMOVE);
  const env = texts(set, "Env");
  const nameless = env.find((entry) => !/^[^=]+=/s.test(entry));
  if (nameless !== undefined) throw invalid(`${set.at}Env`, `"${nameless}" is not NAME=value`);
  return {
    name: textOrNull(body, "Name"),
    set: replaced(set, host),
    env: { set: env, remove: texts(gone, "Env") },
    labels: { set: textRecord(set, "Labels"), remove: texts(gone, "Labels") },
    mounts: { set: mounts(set, host, []), remove: texts(gone, "Mounts") },
    ports: { publish: ports(host), withdraw: ports(gone, "Ports") },
    limits: askedChange(host),
  };
}

function replaced(set: Asked, host: Asked): ContainerEdit["set"] {
  const { health: check, healthOnFailure } = health(set, host);
  const said = {
    command: words(set, "Cmd"),
    entrypoint: words(set, "Entrypoint"),
    user: textOrNull(set, "User"),
    workingDirectory: textOrNull(set, "WorkingDir"),
    hostname: textOrNull(set, "Hostname"),
    stopSignal: textOrNull(set, "StopSignal"),
    stopTimeout: integerOrNull(set, "StopTimeout"),
    init: flagOrNull(host, "Init"),
    readOnly: flagOrNull(host, "ReadonlyRootfs"),
    privileged: flagOrNull(host, "Privileged"),
    health: "Healthcheck" in set.fields ? check : null,
    healthOnFailure: text(host, "HealthOnFailure") === "" ? null : healthOnFailure,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

function refuseOthers({ fields, at }: Asked, known: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other !== undefined)
    throw invalid(at + other, "an edit does not change it: make another container, or leave it out");
}
