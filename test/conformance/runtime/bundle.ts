import { expect } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { must, section } from "../suite/requirement.ts";

/** bundle.md and glossary.md */
export const bundle = [
  section("bundle.format", "Container Format", {
    1: must(
      "This REQUIRED file MUST reside in the root of the bundle directory and MUST be named `config.json`.",
      async (c) => {
        const one = c.container();
        const [right, wrong] = [join(one.bundle, "config.json"), join(one.bundle, "config.JSON")];
        renameSync(right, wrong);
        expect(await one.create()).toMatchObject({ code: 1, stderr: expect.stringContaining(right) });
        renameSync(wrong, right);
        expect(await one.create()).toMatchObject({ code: 0 });
      },
    ),
    2: must(
      "When supplied, while these artifacts MUST all be present in a single directory on the local filesystem, that directory itself is not part of the bundle.",
      async (c) => {
        const one = c.container({ process: { args: ["ls", "/"] } });
        const moved = join(c.room, "elsewhere");
        renameSync(one.bundle, moved);
        expect(await c.runtime("run", "--bundle", moved, one.id)).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/^bin\n/),
        });
        rmSync(join(moved, "rootfs"), { recursive: true });
        expect(await c.runtime("run", "--bundle", moved, one.id)).toMatchObject({ code: 1 });
      },
    ),
  }),
];
