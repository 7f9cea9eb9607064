import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tool, toolRoot } from "../support/tools.ts";
import { runMachine } from "./machine.ts";

const canBoot =
  tool("qemu") !== undefined &&
  toolRoot("debian-kernel") !== undefined &&
  toolRoot("busybox") !== undefined &&
  existsSync(join(import.meta.dir, "../../build/inro"));

// The whole of it is `npm run test:vm`; this is as much as every `npm test` has time for.
test.skipIf(!canBoot)(
  "the OCI runtime on kernel 6.1 and cgroup v2 alone, in a virtual machine",
  async () => {
    const lines: string[] = [];
    const { passed, failed, log } = await runMachine("smoke", "v2", (line) => lines.push(line));
    const wrong = lines.filter((line) => !/^(ok |end 0$)/.test(line));
    expect({ failed, wrong, log: failed > 0 ? log : "" }).toEqual({ failed: 0, wrong: [], log: "" });
    expect(passed).toBeGreaterThan(25);
  },
  300_000,
);
