/**
 * The protocol of the native role `inro-tree`, which applies and reads file trees beneath a root descriptor.
 * Frames as everywhere (u32 length of what follows · u16 type · u16 zero · u32 request · payload; little endian;
 * a string is u32 length, bytes, NUL). One session is: ROOT, answered by done or failed; then requests one after
 * the other, each with one answer at its end:
 *
 *   stat · path, flags                          → entry, done
 *   read · path, flags                          → (entry, data…)…, done
 *   source · path                                → done: the file that later ranges are of, one of the engine's own
 *   sink · path                                  → done: the file that is poured into, one of the engine's own
 *   digest · path                                → entry, digest, done: of a file's data; of what is no file its entry alone
 *   pour · path, offset, size, bytes             → done: so much of a file's data is in it, and right before it the bytes; the
 *                                                  file has that much
 *   apply · path, flags, uid, gid; (entry, (data | range)…)…; end   → done, or failed at once: what follows up to `end` is dropped
 *   lower · number, folders of the layers below, uppermost first → done
 *   inherit · path                               → done: a folder becomes as it is in the uppermost of those that has it
 *   sync · path                                  → done: one file on disk, or for "" the whole file system
 *   copy · folder, flags                         → done: what is in the folder, into the root
 *   changes · folder, seconds, nanoseconds, flags → (entry, data…)…, done: what the root changes in the folder, of which
 *                                                  it was a whole copy at that time
 *   remove · name                                → done: everything beneath it, whatever protects it
 *   subvolume · name, folder                     → done: a snapshot of the subvolume `folder`, or for "" an empty one
 *   limit · bytes, kind of quota, number of names, names → done: what those folders may hold together
 *
 * An entry from the native side ends with what tells the object from others and from itself later: device, inode, time of
 * change. `data` frames follow their file's entry until its size is reached; nothing is acknowledged in between. Instead of data, a
 * `range` (offset, length) tells where the source has it. A `digest` frame is the 32 bytes of a SHA-256.
 * The constants of native/generated/tree.h are written from this file by scripts/generate-tree-frames.ts.
 */
export const frame = {
  root: 1,
  stat: 2,
  read: 3,
  apply: 4,
  entry: 5,
  data: 6,
  end: 7,
  inherit: 8,
  sync: 9,
  source: 10,
  range: 11,
  lower: 12,
  done: 16,
  failed: 17,
  copy: 80,
  changes: 81,
  remove: 82,
  subvolume: 83,
  limit: 84,
  sink: 85,
  pour: 86,
  digest: 87,
} as const;

/** What ROOT opens. */
export const rootKind = { folder: 0, process: 1, overlay: 2, bound: 3, fileSystem: 4 } as const;

/** What LIMIT sets: a project's quota (ext4, xfs), or that of a btrfs subvolume. */
export const quotaKind = { project: 0, subvolume: 1 } as const;

/** An entry's kind: tar's type digits where tar has one. */
export const kind = {
  file: 0,
  hardlink: 1,
  symlink: 2,
  character: 3,
  block: 4,
  directory: 5,
  fifo: 6,
  whiteout: 7,
  opaque: 8,
  socket: 9,
} as const;

export const flag = {
  /** stat, read: a symbolic link at the end of the path is followed, inside the root. */
  follow: 1,
  /**
   * apply, read: overlayfs's whiteouts and opaque folders stand for entries of those kinds. copy: they hide what is in
   * the root, and files are moved out of the folder where they can be.
   */
  layer: 2,
  /** apply: a folder does not replace a file, nor a file a folder (docker's noOverwriteDirNonDir). */
  keepKind: 4,
  /** apply: everything belongs to the given uid and gid, not to the entries'. */
  chown: 8,
  /** read: do not descend into other mounts. */
  oneMount: 16,
  /** apply: overlay attributes of the user namespace kind, and no device nodes (rootless). */
  userxattr: 32,
  /** changes: entries without their data. */
  bare: 64,
  /** apply: blocks that hold nothing but zeros are left out of the file. */
  holes: 128,
  /** read: a folder and what is in it, and nothing beneath. */
  shallow: 256,
  /** stat, read: a symbolic link on the way is not followed but refused (ELOOP). */
  straight: 512,
  /** read: a file of several names is told in whole by each of them. */
  apart: 1024,
} as const;

/** Bounds that both sides hold. */
export const bound = {
  path: 4096,
  /** One entry with its names and extended attributes. */
  entryFrame: 786432,
  dataFrame: 1048576,
  depth: 900,
  /** Folders of layers below. */
  lower: 1024,
} as const;
