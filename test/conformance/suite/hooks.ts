import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPhase } from "../../../src/oci/runtime-spec.ts";
import type { Patch } from "./bundle.ts";
import type { World } from "./world.ts";

/** In the order of runtime.md, "Lifecycle". */
export const phases: readonly HookPhase[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

/** Where hooks of the host write; the container's own see it at the same place, inside. */
export const diaryOf = (c: World): string => join(c.room, "diary");

/** A hook that runs a line of shell; `/bin/sh` is there on the host and inside. */
export const shell = (script: string): Patch => ({ path: "/bin/sh", args: ["sh", "-c", script] });

/** A hook that writes a line into the test's diary. */
export const noting = (c: World, line: string): Patch => shell(`echo ${line} >>${diaryOf(c)}`);

/** The room at its own path inside, so that hooks and programs there can write the diary too. */
export const withDiary = (c: World): Patch => ({ destination: c.room, source: c.room, options: ["bind"] });

export const diary = (c: World): string[] =>
  existsSync(diaryOf(c)) ? readFileSync(diaryOf(c), "utf8").split("\n").slice(0, -1) : [];
