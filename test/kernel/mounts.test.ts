import { expect, test } from "bun:test";
import { MOUNT_ATTR, parseMountOptions } from "../../src/kernel/mounts.ts";

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
    propagation: { type: "slave", recursive: true },
    copyUp: false,
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

test("rbind brings along what is mounted below", () => {
  expect(parseMountOptions(["rbind"], undefined)).toMatchObject({ bind: true, recursive: true });
});
