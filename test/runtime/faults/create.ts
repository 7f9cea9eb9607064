/** `inro-runtime create` with a native program of a test's: bun create.ts STATE BUNDLE ID PROGRAM */
import { createCommand } from "../../../src/runtime/command/create.ts";
import { ownCaller } from "../../support/caller.ts";

const [root = "", bundle = "", id = "", program = ""] = process.argv.slice(2);
const code = await createCommand({
  caller: ownCaller(program),
  root,
  systemdCgroup: false,
  flags: new Set(),
  lists: new Map(),
  values: new Map([["bundle", bundle]]),
  operands: [id],
  native: async () => program,
  warn: () => {},
});
process.exit(code);
