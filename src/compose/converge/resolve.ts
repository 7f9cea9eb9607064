import { configHash } from "../model/hash.ts";
import type { Service } from "../model/project.ts";

/** A container that another service's definition means. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
}

/** Containers of a service, by number. */
export type Peers = (service: string) => readonly Peer[];

const SHARED = ["network_mode", "pid", "ipc"] as const;

const serviceOf = (text: string | undefined): string | undefined => /^service:(.+)$/.exec(text ?? "")?.[1];

/** `web`, `web:ro`, `container:name:ro`. */
function volumesFrom(entry: string): {
  readonly container: boolean;
  readonly name: string;
  readonly mode?: string;
} {
  const [first = "", ...rest] = entry.split(":");
  if (first !== "container") return { container: false, name: first, ...(rest[0] ? { mode: rest[0] } : {}) };
  return { container: true, name: rest[0] ?? "", ...(rest[1] ? { mode: rest[1] } : {}) };
}

/** Services whose containers are part of a container of this one: it has to be made again when they are. */
export function joined(service: Service): readonly string[] {
  const spaces = SHARED.map((key) => serviceOf(service[key]));
  const volumes = (service.volumes_from ?? []).map(volumesFrom).filter(({ container }) => !container);
  return [...new Set([...spaces, ...volumes.map(({ name }) => name)].filter((name) => name !== undefined))];
}

/** Services whose containers a container of this one names. */
export const linked = (service: Service): readonly string[] => [
  ...new Set((service.links ?? []).map((link) => link.split(":")[0] ?? "")),
];

/**
 * With ids instead of services' names: what the config hash is of. `modes` are kept for the container; the hash of
 * compose v2 is without them.
 */
export function resolved(service: Service, peers: Peers, { modes }: { readonly modes: boolean }): Service {
  const one = (name: string) => peers(name)[0]?.id ?? name;
  const spaces = SHARED.flatMap((key) => {
    const name = serviceOf(service[key]);
    return name === undefined ? [] : [[key, `container:${one(name)}`]];
  });
  const from = service.volumes_from?.map((entry) => {
    const { container, name, mode } = volumesFrom(entry);
    return `${container ? name : one(name)}${modes && mode !== undefined ? `:${mode}` : ""}`;
  });
  return { ...service, ...Object.fromEntries(spaces), ...(from === undefined ? {} : { volumes_from: from }) };
}

/** The config hash of a service's containers, among others' as they are. */
export const hashOf = (service: Service, peers: Peers): string =>
  configHash(resolved(service, peers, { modes: false }));
