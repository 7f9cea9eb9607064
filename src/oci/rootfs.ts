/**
 * What a container's root file system is made of; the value that the image and runtime rooms exchange.
 * An overlay's names are relative to `folder` and short, so that 127 layers and more fit into the one page of
 * options that mount(2) takes; the folder is the working directory of the process that mounts.
 */
export type Rootfs =
  | {
      readonly kind: "overlay";
      /** Absolute. */
      readonly folder: string;
      /** Uppermost layer first, as overlayfs's lowerdir. */
      readonly lower: readonly string[];
      readonly upper: string;
      readonly work: string;
      readonly mountpoint: string;
    }
  | {
      /** A plain folder: OCI bundles, and drivers that copy. */
      readonly kind: "folder";
      readonly path: string;
      /** What it was made a copy of, and when that was complete: all else is a change. */
      readonly copyOf?: {
        readonly folder: string;
        readonly at: { readonly seconds: number; readonly nanoseconds: number };
      };
    };

/** What of a container's mount its specification has no words for. */
export interface MountDetail {
  /** The part of what is mounted that is shown; resolved inside it, whatever links it holds. */
  readonly subpath?: string;
  /** Layers that are mounted there; without an upper one read-only. */
  readonly layers?: Extract<Rootfs, { kind: "overlay" }>;
  /** What is shown is no folder. */
  readonly isFile?: boolean;
  /** A container that has the same file system mounted there, from which it is taken. */
  readonly shared?: { readonly pid: number; readonly path: string };
  /** A file system that holds nothing yet gets what the image has at its place. */
  readonly copyUp?: boolean;
}

/** By index into the specification's mounts. */
export type MountDetails = ReadonlyMap<number, MountDetail>;
