import { at, type Client } from "../client/client.ts";
import { bindings, type ContainerSettings, present, settingsBody } from "./spec.ts";

/** What of a container is to be another; what is left out stays. A list's things are added, or take their like's place. */
export interface ContainerEdit extends ContainerSettings {
  readonly name?: string;
  /** What is taken away, by what tells it from its like. */
  readonly remove?: {
    readonly env?: readonly string[];
    readonly labels?: readonly string[];
    /** `80/tcp`, wherever it is published. */
    readonly ports?: readonly string[];
    /** By their places, tmpfs too; a volume is kept. */
    readonly mounts?: readonly string[];
    readonly networks?: readonly string[];
    readonly dns?: readonly string[];
    readonly dnsSearch?: readonly string[];
    readonly hosts?: readonly string[];
    readonly ulimits?: readonly string[];
    readonly capAdd?: readonly string[];
    readonly capDrop?: readonly string[];
    readonly security?: readonly string[];
    /** By their places inside. */
    readonly devices?: readonly string[];
    readonly groups?: readonly string[];
    readonly sysctls?: readonly string[];
    readonly logOptions?: readonly string[];
  };
  /** Fields of the API that are again what the image or the default has: `User`, `Cmd`, `Hostname`, `Healthcheck`, … */
  readonly reset?: readonly string[];
}

export interface Change {
  /** `environment variable`, `port`, `memory`, … */
  readonly kind: string;
  /** Which of them, where there are several. */
  readonly of: string;
  /** null: there was none, or is none any more. */
  readonly from: string | null;
  readonly to: string | null;
  readonly when: "live" | "restart";
}

export interface Edited {
  /** `live`: at once; `restart`: it is, or would be, started again; `next start`: it does not run. */
  readonly when: "live" | "restart" | "next start";
  readonly changes: readonly Change[];
}

type Told = { readonly [K in keyof Change as Capitalize<K>]: Change[K] };

export async function edit(
  client: Client,
  id: string,
  { name, remove = {}, reset, ...settings }: ContainerEdit,
  dryRun: boolean,
): Promise<Edited> {
  const { ports, ...keys } = remove;
  const body = present({
    Name: name,
    Set: settingsBody(settings),
    Remove: present({
      Env: keys.env,
      Labels: keys.labels,
      Ports: ports === undefined ? undefined : bindings(Object.fromEntries(ports.map((port) => [port, 0]))),
      Mounts: keys.mounts,
      Networks: keys.networks,
      Dns: keys.dns,
      DnsSearch: keys.dnsSearch,
      ExtraHosts: keys.hosts,
      Ulimits: keys.ulimits,
      CapAdd: keys.capAdd,
      CapDrop: keys.capDrop,
      SecurityOpt: keys.security,
      Devices: keys.devices,
      GroupAdd: keys.groups,
      Sysctls: keys.sysctls,
      LogConfig: keys.logOptions,
    }),
    Reset: reset,
  });
  const path = at`/inro/containers/${id}/edit`;
  const query = { "dry-run": dryRun };
  const { When: when, Changes } = await client.json<{
    readonly When: Edited["when"];
    readonly Changes: readonly Told[];
  }>({ method: "POST", path, query, body });
  const changes = Changes.map(({ Kind: kind, Of: of, From: from, To: to, When: when }) => ({
    ...{ kind, of, from, to, when },
  }));
  return { when, changes };
}
