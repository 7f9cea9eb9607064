import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFifo } from "../../src/platform/fifo.ts";
import { homeOf, readPasswd } from "../../src/runtime/command/home.ts";
import { temporaryFolder } from "../support/temporary.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nodd:x:7:7::\nseven:x:77:7::/home/seven:/bin/sh\n";

function root() {
  const folder = temporaryFolder("home");
  mkdirSync(join(folder.path, "etc"));
  return folder;
}

test.each([
  [0, "/root"],
  [7, "/"],
  [77, "/home/seven"],
  [5, "/"],
])("the home of user %d is %s", (uid, home) => {
  expect(homeOf(uid, PASSWD)).toBe(home);
});

describe("R12 an image's /etc/passwd (CVE-2024-1753, CVE-2024-9676)", () => {
  test("is read when it is a plain file of the image", () => {
    using folder = root();
    writeFileSync(join(folder.path, "etc/passwd"), PASSWD);
    expect(readPasswd(folder.path)).toBe(PASSWD);
  });

  test("is not followed out of the root", () => {
    using folder = root();
    symlinkSync("/etc/passwd", join(folder.path, "etc/passwd"));
    expect(readPasswd(folder.path)).toBe("");
    using linked = temporaryFolder("home");
    symlinkSync("/etc", join(linked.path, "etc"));
    expect(readPasswd(linked.path)).toBe("");
  });

  test("cannot block or flood the reader", () => {
    using folder = root();
    makeFifo(join(folder.path, "etc/passwd"), 0o600);
    expect(readPasswd(folder.path)).toBe("");
    using huge = root();
    writeFileSync(join(huge.path, "etc/passwd"), "");
    truncateSync(join(huge.path, "etc/passwd"), 1 << 30);
    expect(readPasswd(huge.path)).toBe("");
  });
});
