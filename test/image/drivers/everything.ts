import type { Item } from "../fixtures.ts";

/** acl(5) as Linux keeps it (include/uapi/linux/posix_acl_xattr.h): user::rw- user:7:r-- group::r-- mask::r-- other::--- */
export const acl = Buffer.from(
  "02000000 01000600ffffffff 0200040007000000 04000400ffffffff 10000400ffffffff 20000000ffffffff".replaceAll(
    " ",
    "",
  ),
  "hex",
);
const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
const precise = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };

/** One of everything that a layer can hold. */
export const everything: readonly Item[] = [
  { name: "bin/", mode: 0o755, mtime: precise },
  { name: "bin/su", mode: 0o4755, uid: 7, gid: 8, content: "su", mtime: precise },
  { name: "bin/ping", mode: 0o755, content: "ping", xattrs: [["security.capability", capability]] },
  { name: "acl/", mode: 0o750, xattrs: [["system.posix_acl_default", acl]] },
  { name: "acl/file", mode: 0o640, content: "acl", xattrs: [["system.posix_acl_access", acl]] },
  { name: "acl/plain", mode: 0o640, content: "plain" },
  { name: "acl/folder/", mode: 0o750 },
  {
    name: "attributes",
    content: "x",
    xattrs: [
      ["user.note", Buffer.from([0, 255, 10])],
      ["trusted.own", Buffer.from("t")],
    ],
  },
  { name: "links/" },
  { name: "links/one", content: "linked", uid: 5 },
  { name: "links/two", type: "hardlink", linkName: "links/one" },
  { name: "links/three", type: "hardlink", linkName: "links/two" },
  { name: "links/soft", type: "symlink", linkName: "../nowhere", uid: 9, mtime: precise },
  { name: "nodes/" },
  { name: "nodes/null", type: "character", major: 1, minor: 3, mode: 0o666 },
  { name: "nodes/disk", type: "block", major: 7, minor: 300, mode: 0o660, gid: 6 },
  { name: "nodes/pipe", type: "fifo", mode: 0o640, mtime: precise },
  { name: "n".repeat(255), content: "long" },
  { name: "caf", bytes: "caf\xe9\xff", content: "bytes" },
  { name: "sticky/", mode: 0o1777 },
  { name: "shared/", mode: 0o2775, gid: 50 },
  { name: "shared/file", content: "not its group" },
  { name: "kept/", mtime: precise },
  { name: "kept/new", content: "same\n" },
  { name: "empty", content: "", mtime: { seconds: -1, nanoseconds: 1 } },
];
