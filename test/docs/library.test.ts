import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootMissing } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");

/** What src/index.ts shows, as a program of somebody else's. */
const example = () =>
  (/```ts\n([\s\S]*?) \* ```/.exec(readFileSync(join(root, "src/index.ts"), "utf8"))?.[1] ?? "").replace(
    /^ \* ?/gm,
    "",
  );

test.skipIf(rootMissing)(
  "the library's example runs as it is written, and its process ends by itself",
  async () => {
    using host = await ownHost();
    using user = temporaryFolder("library");
    mkdirSync(join(user.path, "node_modules"));
    symlinkSync(root, join(user.path, "node_modules/inro"));
    const program = join(user.path, "example.ts");
    writeFileSync(program, example().replaceAll("/tmp/", `${user.path}/`));
    const { code, stdout, stderr } = await host.run(process.execPath, [program], { timeout: 20_000 });
    expect(stderr).toBe("");
    expect(stdout).toContain("code: 0");
    expect(code).toBe(0);
  },
);
