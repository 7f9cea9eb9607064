import { describe } from "bun:test";
import { join } from "node:path";
import { engineMissing } from "./docker.ts";
import { scenarios } from "./scenarios.ts";

describe.skipIf(engineMissing)("alias docker=inro holds", () => {
  scenarios(join(import.meta.dir, "../../build/inro"));
});
