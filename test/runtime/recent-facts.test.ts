import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { recentFacts } from "../../src/runtime/recent-facts.ts";
import { temporaryFolder } from "../support/temporary.ts";

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)(
  "facts are kept from one command to the next, and read again when a mount changed",
  () => {
    using room = temporaryFolder("facts");
    const folder = join(room.path, "mounted");
    mkdirSync(folder);
    recentFacts("/bin");
    // Kept from the second on; other tests' mounts may come between any two.
    let tries = 0;
    while (recentFacts("/bin").mounted !== recentFacts("/sbin").mounted && tries < 100) tries++;
    expect(tries).toBeLessThan(100);
    const before = recentFacts("/sbin");
    expect(before.searchPath).toBe("/sbin");
    Bun.spawnSync(["mount", "-t", "tmpfs", "none", folder]);
    try {
      expect(recentFacts("/sbin").mounted).not.toBe(before.mounted);
    } finally {
      Bun.spawnSync(["umount", folder]);
    }
  },
);
