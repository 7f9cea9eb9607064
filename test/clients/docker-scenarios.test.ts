import { describe } from "bun:test";
import { engineMissing } from "./docker.ts";
import { scenarios } from "./scenarios.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI does what its reference says", () => {
  scenarios("docker");
});
