/** A process by itself, whose errors are read: `fuzz-commands.ts ROOT ROUNDS`. Fails with the words that were too much. */
import { runtimeCommand } from "../../../src/runtime/command/main.ts";
import { ownCaller } from "../../support/caller.ts";
import { random, WORDS } from "./fuzz-words.ts";

/** Those that make nothing, start nothing and wait for nothing. */
const HARMLESS = [
  ...["state", "kill", "delete", "start", "list", "pause", "resume", "ps", "update", "exec", "events"],
  ...["checkpoint", "__proto__", "create", "run"],
];

const [root = "/none", rounds = "300"] = process.argv.slice(2);
const next = random(99);
for (let round = 0; round < Number(rounds); round++) {
  const name = HARMLESS[next(HARMLESS.length)] as string;
  const more = Array.from({ length: next(4) }, () => WORDS[next(WORDS.length)] as string);
  const words = ["--root", root, name, ...more];
  const code = await runtimeCommand(words, ownCaller("/no/such/program"), async () => "/no/such/program");
  if (![0, 1, 3, 255].includes(code)) throw new Error(`${code} from ${JSON.stringify(words)}`);
}
