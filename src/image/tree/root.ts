import type { Rootfs } from "../../oci/rootfs.ts";

/** What a tree session works beneath. */
export type TreeRoot =
  | { readonly kind: "folder"; readonly path: string }
  /** One of a device or of a file in which it is, mounted for the session alone. */
  | {
      readonly kind: "fileSystem";
      readonly type: string;
      readonly device: string;
      readonly options: readonly string[];
    }
  /** What the process sees as its root: a running container. */
  | { readonly kind: "process"; readonly pid: number }
  /** A stopped container: mounted in a mount namespace of the session's own, with its volumes. */
  | (Extract<Rootfs, { kind: "overlay" }> & { readonly binds?: readonly Bind[] })
  /** The same of a folder that holds all files. */
  | { readonly kind: "bound"; readonly path: string; readonly binds: readonly Bind[] };

/** A root with nothing mounted in it. */
export const plainRoot = (rootfs: Rootfs): TreeRoot =>
  rootfs.kind === "overlay" ? rootfs : { kind: "folder", path: rootfs.path };

export interface Bind {
  readonly source: string;
  /** Of the source, resolved inside it; "" for all of it. */
  readonly part: string;
  readonly destination: string;
}
