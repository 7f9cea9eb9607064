/** What an engine has of a project, as plain data: all that steps are found from. */
import type { Texts } from "../model/project.ts";

export interface Actual {
  /** Those of the project, of single runs too. */
  readonly containers: readonly Found[];
  /** Of the project, and those that its file names: by name. */
  readonly networks: ReadonlyMap<string, FoundNetwork>;
  readonly volumes: ReadonlyMap<string, FoundVolume>;
  /** Those that services name, by that name. */
  readonly images: ReadonlyMap<string, FoundImage>;
  /** Containers that are not of the project and have a name that it wants: by name, what they are of. */
  readonly strangers: ReadonlyMap<string, string>;
}

export type State = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export interface Found {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** 0: it has none. */
  readonly number: number;
  readonly oneOff: boolean;
  readonly state: State;
  /** Undefined: it has no health check, or does not run. */
  readonly health?: "starting" | "healthy" | "unhealthy";
  /** Of one that has ended. */
  readonly exitCode?: number;
  /** Of its service, as it was when the container was made. */
  readonly hash: string;
  /** The id of the image that it was made of. */
  readonly image: string;
  /** By the network's name. */
  readonly networks: Readonly<Record<string, FoundEndpoint>>;
  /** Of the host, while it runs: `8080/tcp`. */
  readonly ports: readonly string[];
  /** Volumes that have no name of people's making, by where they are mounted. */
  readonly anonymous: Texts;
  /** Names of the others. */
  readonly volumes: readonly string[];
  /** What its service depended on when it was made, by name: whether it is restarted with it. */
  readonly dependsOn: Readonly<Record<string, boolean>>;
  /** The id of the container whose place it was made for. */
  readonly replaces?: string;
  /** Secrets and configurations that were copied into it and are others by now. */
  readonly outdated: readonly string[];
  /** What differs from the file, where it was looked at closely: `its ports`. */
  readonly differences: readonly string[];
}

export interface FoundEndpoint {
  /** Of the network. */
  readonly id: string;
  readonly addresses: readonly string[];
}

export interface FoundNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly options: Texts;
  readonly labels: Texts;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv6: boolean;
  readonly ipv4: boolean;
  readonly pools: readonly FoundPool[];
  /** Names of containers on it that are not of the project; known only of those that differ from the file. */
  readonly strangers: readonly string[];
}

export interface FoundPool {
  readonly subnet?: string;
  readonly range?: string;
  readonly gateway?: string;
  readonly auxiliary: Texts;
}

export interface FoundVolume {
  readonly name: string;
  readonly driver: string;
  readonly options: Texts;
  readonly labels: Texts;
}

export interface FoundImage {
  readonly id: string;
  /** Where it has volumes of its own. */
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[] | null;
  /** When a name was last given to it here, milliseconds since 1970; undefined: the engine does not know. */
  readonly taggedAt?: number;
}

/** Nothing at all, as before the first `up`. */
export const NOTHING: Actual = {
  containers: [],
  networks: new Map(),
  volumes: new Map(),
  images: new Map(),
  strangers: new Map(),
};
