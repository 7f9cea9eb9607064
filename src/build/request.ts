import type { ContainerOptions } from "../engine/options.ts";
import type { RegistryAuth } from "../image/images.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";

/** Where a build's files are. */
export type ContextRequest =
  /** A folder of this host, by its absolute path. */
  | { readonly kind: "folder"; readonly path: string }
  /** A tar, plain or compressed; or one file, which is then the Dockerfile. */
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array> }
  /** A git repository, an archive or a Dockerfile behind a URL. */
  | { readonly kind: "url"; readonly url: string }
  /** An image's files. */
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "none" };

/** By its path in the context; or its text, with that of the .dockerignore that is its own. */
export type DockerfileRequest =
  | { readonly path: string }
  | { readonly name: string; readonly text: string; readonly ignore: string | null };

export interface BuildRequest {
  readonly context: ContextRequest;
  /** `--build-context`, by name. */
  readonly contexts: ReadonlyMap<string, ContextRequest>;
  readonly dockerfile: DockerfileRequest;
  /** A RUN that fails is held, so that a shell can be opened in its files. */
  readonly holdsFailed: boolean;
  /** Only the Dockerfile is looked at; nothing is brought or built. */
  readonly isCheck: boolean;
  /** Name or number of a stage; null: the last one. */
  readonly target: string | null;
  readonly args: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly names: readonly Reference[];
  readonly platform: Platform | null;
  /** Ask registries for what is here already, too. */
  readonly pull: boolean;
  /** All steps are made anew, or those of these stages. */
  readonly noCache: boolean | readonly string[];
  /** Folders that caches were exported to, and are to be. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** By id. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** Sockets of agents on this host, by id. */
  readonly ssh: ReadonlyMap<string, string>;
  /** `security.insecure`, `network.host`, `device` */
  readonly entitlements: ReadonlySet<string>;
  /** Of the steps' containers. */
  readonly network: ContainerOptions["network"];
  readonly limits: Pick<ContainerOptions, "resources" | "ulimits" | "shmSize" | "extraHosts" | "dns">;
  /** Seconds since 1970: what is made is no younger, and the image says that it was made then. */
  readonly timestamp: number | null;
  readonly authFor: (domain: string) => RegistryAuth | undefined;
}
