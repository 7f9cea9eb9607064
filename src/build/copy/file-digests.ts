import type { Digest } from "../../oci/digest.ts";

/** A file's content, told apart by what stat says of it. */
export interface FileStamp {
  /** Device and inode. */
  readonly identity: string;
  /** Size, time of modification and of change. */
  readonly stamp: string;
}

/** What is known of files' contents by their stamps, so that a context is not read again. */
export interface FileDigests {
  find(file: FileStamp): Digest | undefined;
  /** All at once. Only of files that changed long enough before they were read: see `isSettled`. */
  keep(files: readonly (FileStamp & { readonly digest: Digest })[]): void;
}
