/** Entries of a tar as entries of a tree, and back. */

import type { TarEntry, TarType } from "../tar/entry.ts";
import { TarError } from "../tar/error.ts";
import { type EntryKind, type TreeEntry, toText, type Xattr } from "./entry.ts";
import { kind } from "./frames.ts";
import { treePath } from "./names.ts";

/**
 * Attributes that an archive may give. Not `trusted.overlay.*` and `user.overlay.*`: overlayfs would obey them
 * (redirects, whiteouts, metadata-only files). Not what xfs makes of ACLs, which have a name of their own. Not LSM labels:
 * they are the host's policy.
 */
export function mayCarry([name]: Xattr): boolean {
  if (/^((trusted|user)\.overlay\.|trusted\.SGI_ACL_)/.test(name)) return false;
  return (
    /^(user|trusted)\../.test(name) ||
    /^(security\.capability|system\.posix_acl_(access|default))$/.test(name)
  );
}

const maxTarget = 4095;

export function fromTar(e: TarEntry): TreeEntry {
  const path = treePath(e.name);
  if (e.name === "") throw new TarError("an entry has no name");
  const target = e.type === "hardlink" ? treePath(e.linkName) : e.type === "symlink" ? e.linkName : "";
  if ((e.type === "symlink" || e.type === "hardlink") && (target === "" || target.length > maxTarget)) {
    throw new TarError(`the link ${JSON.stringify(toText(path))} has no target, or one that is too long`);
  }
  if (path === "" && e.type !== "directory") throw new TarError("the root is no folder");
  const { mode, uid, gid, mtime, size, major, minor } = e;
  return {
    kind: kind[e.type],
    path,
    target,
    mode,
    uid,
    gid,
    mtime,
    size,
    major,
    minor,
    xattrs: e.xattrs.filter(mayCarry),
  };
}

const tarTypes: Partial<Record<EntryKind, TarType>> = Object.fromEntries(
  (["file", "hardlink", "symlink", "character", "block", "directory", "fifo"] as const).map((type) => [
    kind[type],
    type,
  ]),
);

/** The entry under the name `top` with what is beneath it; undefined for sockets, which tar cannot hold. */
export function toTar(e: TreeEntry, top: string): TarEntry | undefined {
  const type = tarTypes[e.kind];
  if (type === undefined) return undefined;
  const under = (path: string) => (path === "" ? top : top === "" ? path : `${top}/${path}`);
  const name = type === "directory" ? `${under(e.path) || "."}/` : under(e.path);
  const linkName = type === "hardlink" ? under(e.target) : e.target;
  const { mode, uid, gid, mtime, size, major, minor } = e;
  return {
    type,
    name,
    linkName,
    mode,
    uid,
    gid,
    mtime,
    size,
    major,
    minor,
    xattrs: e.xattrs.filter(mayCarry),
  };
}
