/** What a COPY or an ADD asks for, once the Dockerfile was read and its variables are known. */
import type { BlobPart } from "../../image/layout/blobs.ts";
import type { EntryTime } from "../../image/tree/entry.ts";
import type { TreeRoot } from "../../image/tree/root.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Ignore } from "../dockerfile/ignore.ts";
import type { FileDigests } from "./file-digests.ts";

/** A `.dockerignore` that was read. */
export interface IgnoreFile {
  /** Its name, for errors. */
  readonly name: string;
  readonly rules: Ignore;
}

/** Files of a build context, of a stage, of an image; of a repository; or one that was downloaded. */
export interface TreeSource {
  readonly kind: "tree";
  readonly root: TreeRoot;
  /** What the root is, for errors: `the build context`, `the stage "build"`. */
  readonly title: string;
  /** As the Dockerfile has them, wildcards and `..` included. */
  readonly paths: readonly string[];
  readonly ignore: IgnoreFile | null;
  /** Nobody else writes to it: it need not be looked at again. */
  readonly isOurs: boolean;
  /** What is known of its files' contents from before. */
  readonly digests: FileDigests | null;
  /** Owners are the source's: of a stage or an image. From a context all belongs to 0:0. */
  readonly keepsOwners: boolean;
  /** ADD: a file that is a tar archive, compressed or not, is unpacked. */
  readonly unpack: boolean;
}

/** A here-document. */
export interface InlineSource {
  readonly kind: "inline";
  readonly name: string;
  readonly content: Uint8Array;
}

export type CopySource = TreeSource | InlineSource;

export interface CopyRequest {
  readonly sources: readonly CopySource[];
  /** Absolute; a slash at its end counts. */
  readonly destination: string;
  /** `--chown`: names are looked up in the root below. */
  readonly owner: string | null;
  /** `--chmod`: octal or symbolic. */
  readonly chmod: string | null;
  readonly parents: boolean;
  /** `--exclude`: paths are relative to the source that is a folder; of a file it is the name. */
  readonly exclude: Ignore | null;
  /** What is below is not looked at. */
  readonly link: boolean;
  /** Of what has no time of its own: here-documents, and folders that are made on the way. Not in the digest. */
  readonly time: EntryTime;
  /** Seconds since 1970: nothing in the layer is younger. Null: as old as it is. */
  readonly latest: number | null;
}

export interface PreparedCopy {
  /**
   * Over names, kinds, modes, link targets, extended attributes and contents of what is copied, and all that the request
   * says of it; not over times, nor over what is below.
   */
  readonly digest: Digest;
  /** Regular files, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /**
   * The layer's tar. `below`: folders of the root below, uppermost first, as overlayfs has them; none for scratch.
   * COPY_DESTINATION_INVALID, COPY_SOURCE_CHANGED, NO_SUCH_USER, NO_SUCH_GROUP, ARCHIVE_REFUSED
   */
  layer(below: readonly string[]): AsyncGenerator<BlobPart>;
  /** Whether the sources still are what the digest says: to be asked when the layer was read, before it is cached. */
  verify(): Promise<boolean>;
}
