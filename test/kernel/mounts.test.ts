import { expect, test } from "bun:test";
import { MOUNT_ATTR, MOUNT_OPTION_NAMES, parseMountOptions } from "../../src/kernel/mounts.ts";

test("attributes, propagation and the file system's own options are told apart", () => {
  const options = parseMountOptions(
    ["nosuid", "ro", "rslave", "size=64m", "mode=1777", "rnoexec", "defaults"],
    "tmpfs",
  );
  expect(options).toEqual({
    bind: false,
    recursive: false,
    set: MOUNT_ATTR.noSuid | MOUNT_ATTR.readOnly,
    clear: 0,
    setRecursive: MOUNT_ATTR.noExec,
    clearRecursive: 0,
    remount: false,
    propagations: [{ type: "slave", recursive: true }],
    copyUp: false,
    idMap: "none",
    data: ["size=64m", "mode=1777"],
  });
});

test("the later of two opposite options wins", () => {
  expect(parseMountOptions(["ro", "rw"], "bind")).toMatchObject({
    bind: true,
    set: 0,
    clear: MOUNT_ATTR.readOnly,
  });
  expect(parseMountOptions(["rw", "ro"], "bind")).toMatchObject({ set: MOUNT_ATTR.readOnly, clear: 0 });
});

test("changing the atime mode names its whole field (mount_setattr(2))", () => {
  expect(parseMountOptions(["relatime", "noatime"], "tmpfs")).toMatchObject({
    set: MOUNT_ATTR.noAtime,
    clear: MOUNT_ATTR.atime,
  });
});

test("what mount(8) keeps for itself is not the file system's", () => {
  const words = ["nofail", "x-systemd.automount", "X-mount.mkdir", "comment=a word", "size=1m"];
  expect(parseMountOptions(words, "tmpfs").data).toEqual(["size=1m"]);
});

test("rbind brings along what is mounted below", () => {
  expect(parseMountOptions(["rbind"], undefined)).toMatchObject({ bind: true, recursive: true });
});

test("propagations are kept in their order: a slave that is shared further", () => {
  expect(parseMountOptions(["slave", "rshared"], "bind").propagations).toEqual([
    { type: "slave", recursive: false },
    { type: "shared", recursive: true },
  ]);
});

test.each(["relatime", "atime", "norelatime", "nostrictatime"])("%s is the kernel's default", (option) => {
  expect(parseMountOptions(["noatime", option], "tmpfs")).toMatchObject({ set: 0, clear: MOUNT_ATTR.atime });
});

/** config.md, "Linux mount options": its whole table. */
const TABLE =
  "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap";

test("features names every option of the specification's table", () => {
  expect(TABLE.split(" ").filter((option) => !MOUNT_OPTION_NAMES.includes(option))).toEqual([]);
});

test("only what belongs to a file system itself is handed to it", () => {
  expect(parseMountOptions(TABLE.split(" "), "tmpfs").data).toEqual(
    "async dirsync lazytime mand nolazytime nomand sync".split(" "),
  );
});
