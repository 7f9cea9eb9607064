/** What a check found: one thing that is not as the records say. */
export interface Finding {
  /** Stable, for programs. */
  readonly kind:
    | "index-damaged"
    | "image-unreadable"
    | "blob-missing"
    | "blob-damaged"
    | "snapshot-damaged"
    | "stray"
    | "records-damaged"
    | "record-damaged"
    | "container-image-missing"
    | "container-files-missing";
  /** Which thing, and what it belongs to: `blob sha256:…, a layer of debian:12`. */
  readonly what: string;
  readonly why: string;
  /** What a person can do. */
  readonly todo: string;
  /** What the check did about it, after which nothing is left to do; null: nothing, or not all of it. */
  readonly done: string | null;
}

export type Report = (finding: Finding) => void;

/** How much was looked at. */
export interface Checked {
  readonly blobs: number;
  /** Bytes of those blobs. */
  readonly bytes: number;
  readonly snapshots: number;
  /** Ids of the images that can be read. */
  readonly known: ReadonlySet<string>;
  /** False: pulls were under way, or an image cannot be read, so nobody knows what is a stray. */
  readonly strays: boolean;
}
