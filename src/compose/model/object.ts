/** Networks, volumes, secrets, configs and models of a project (06-networks.md to 09-secrets.md, models.md). */
import { isIP } from "node:net";
import type { Node } from "../file/node.ts";
import { list, options, texts } from "./collection.ts";
import { type At, always, type Kind, kept, refuse, shown } from "./kind.ts";
import { path } from "./path.ts";
import type { FileObject, Model, Network, Volume } from "./project.ts";
import { record } from "./record.ts";
import { flag, integer, scalar, text } from "./scalar.ts";

type Ipam = NonNullable<Network["ipam"]>;
type Pool = NonNullable<Ipam["config"]>[number];

const address = scalar<string>(
  "an IP address",
  (value) => (isIP(String(value)) === 0 ? undefined : String(value)),
  String,
);

const cidr = scalar<string>(
  "a subnet, such as 172.28.0.0/16",
  (value) => {
    const [, ip = "", bits = ""] = /^([0-9a-f.:]+)\/(\d+)$/i.exec(String(value)) ?? [];
    const family = isIP(ip);
    return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128) ? String(value) : undefined;
  },
  String,
);

const addresses: Kind<Readonly<Record<string, string>>> = {
  ...options,
  read: (node, at) => {
    const read = options.read(node, at);
    for (const [host, ip] of Object.entries(read))
      if (isIP(ip) === 0) refuse(at, node.place, `"${ip}" is not an IP address for ${host}`);
    return read;
  },
};

/** `true`, or the old form: a mapping with the name. */
const external: Kind<boolean> = {
  read: (node, at) => (node.kind === "mapping" ? true : flag.read(node, at)),
  print: (value) => value,
};

const networkMembers = record<Network>({
  name: text,
  driver: text,
  driver_opts: options,
  ipam: always(
    record<Ipam>({
      driver: text,
      config: list(
        record<Pool>({ subnet: cidr, gateway: address, ip_range: cidr, aux_addresses: addresses }),
      ),
      options,
    }),
  ),
  external,
  internal: flag,
  attachable: flag,
  labels: texts,
  enable_ipv4: kept(flag),
  enable_ipv6: kept(flag),
});

const volumeMembers = record<Volume>({
  name: text,
  driver: text,
  driver_opts: options,
  external,
  labels: texts,
});

const fileMembers = record<FileObject>({
  name: text,
  file: path,
  environment: text,
  content: text,
  external,
  labels: texts,
  driver: text,
  driver_opts: options,
  template_driver: text,
});

interface Named {
  readonly name: string;
  readonly external: boolean;
}

/** What all of these share: a name that is the project's unless the file says it, and `external`. */
function named<T extends Named>(kind: Kind<T>): Kind<T> {
  return {
    ...kind,
    read: (node, at) => {
      const empty: Node = { kind: "mapping", place: node.place, entries: new Map() };
      const mapping = node.kind === "scalar" && node.value === null ? empty : node;
      const read: Partial<T> = kind.read(mapping, at);
      if (read.external === true) alone(mapping, at);
      const old = mapping.kind === "mapping" ? mapping.entries.get("external")?.value : undefined;
      const name = old?.kind === "mapping" ? old.entries.get("name")?.value : undefined;
      if (name !== undefined && read.name !== undefined && text.read(name, at) !== read.name)
        refuse(at, name.place, "external.name and name differ", "leave external.name away");
      return {
        ...read,
        ...(name === undefined ? {} : { name: text.read(name, at) }),
        external: read.external ?? false,
      } as T;
    },
  };
}

/** "All other attributes apart from name are irrelevant. If Compose detects any other attribute, it rejects the file." */
function alone(node: Node, at: At): void {
  if (node.kind !== "mapping") return;
  for (const [key, { place }] of node.entries)
    if (key !== "external" && key !== "name" && !key.startsWith("x-"))
      refuse(
        at,
        place,
        `"${key}" says how to make what is external`,
        "what is external is there already: only its name is said",
      );
}

export const network: Kind<Network> = named(networkMembers);
export const volume: Kind<Volume> = named(volumeMembers);

/** @param sources where its text may come from; of an object that is not external exactly one is said */
function fileObject(sources: readonly ("file" | "environment" | "content")[]): Kind<FileObject> {
  const kind = named(fileMembers);
  return {
    ...kind,
    read: (node, at) => {
      const read = kind.read(node, at);
      const said = sources.filter((source) => read[source] !== undefined);
      if (!read.external && read.driver === undefined && said.length !== 1)
        refuse(
          at,
          node.place,
          said.length === 0 ? "nothing says what is in it" : `it says ${said.join(" and ")}`,
          `say one of ${sources.join(", ")}, or external: true`,
        );
      return read;
    },
  };
}

export const secret: Kind<FileObject> = fileObject(["file", "environment"]);
export const config: Kind<FileObject> = fileObject(["file", "environment", "content"]);

const modelMembers = record<Model>({
  name: text,
  model: text,
  context_size: integer(0),
  runtime_flags: list(text),
});

export const model: Kind<Model> = {
  ...modelMembers,
  read: (node, at) => {
    const read = modelMembers.read(node, at);
    return read.model === undefined ? refuse(at, node.place, `${shown(node)} names no model`) : read;
  },
};
