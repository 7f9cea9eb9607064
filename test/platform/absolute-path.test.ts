import { expect, test } from "bun:test";
import { posix } from "node:path";
import { absolutePath } from "../../src/platform/absolute-path.ts";

test("a path is made absolute as posix.resolve makes it", () => {
  for (const path of [
    "",
    ".",
    "..",
    "a",
    "a/../b",
    "../../../a",
    "/",
    "//x//y/",
    "/x/./../..",
    "a/b/../../../../c",
  ])
    expect(absolutePath("/srv/bundle", path)).toBe(posix.resolve("/srv/bundle", path));
});
