import manifest from "../../package.json" with { type: "json" };
import { openClient } from "../client/client.ts";
import { nearest } from "../oci/nearest.ts";
import { connectOrStart, meetAt } from "./daemon.ts";
import type { OptionTable } from "./options/option.ts";
import { parse } from "./options/parse.ts";
import { UsageError } from "./options/usage-error.ts";
import { globalOptions, type Place, placeOf } from "./place.ts";
import { printError } from "./print-error.ts";
import { err, OutputGone, out } from "./terminal/output.ts";
import { patient } from "./terminal/patience.ts";
import type { Context, Verb } from "./verb.ts";
import { type Before, beforeVerb, type Found, findVerb, nouns, verbs } from "./verbs.ts";

/** Runs one command line and answers the exit code. Everything is written when it resolves. */
export async function commandLine(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words);
  } catch (error) {
    // As a program that SIGPIPE ended: 128 + 13.
    if (error instanceof OutputGone) return 141;
    err(printError(error));
    return error instanceof UsageError ? error.status : 1;
  }
}

async function dispatch(line: readonly string[]): Promise<number> {
  const { options, args, help } = parse(globalOptions, line, { interspersed: false });
  if (options.version) {
    out(`inro version ${manifest.version}\n`);
    return 0;
  }
  const words = args[0] === "help" ? args.slice(1) : args;
  const wantsHelp = help || args[0] === "help" || args.length === 0;
  if (words.length === 0) return showMain();
  const found = await findVerb(words);
  if (found === undefined) return noVerb(words, wantsHelp);
  // Docker's name for the folder of its command line, wherever it comes from.
  if (options.config !== undefined) process.env["DOCKER_CONFIG"] = options.config;
  // Who asks no engine does not hear that none can be found.
  let known: Place | undefined;
  const place = () => {
    known ??= placeOf(options);
    return known;
  };
  const client = openClient(
    async () => connectOrStart(place()),
    async () => meetAt(place()),
  );
  const context: Context = {
    client: patient(client, found.name),
    get place() {
      return place();
    },
  };
  return runVerb(context, found, await found.entry.load(), wantsHelp);
}

async function runVerb(
  context: Context,
  found: Found,
  verb: Verb<OptionTable>,
  wantsHelp: boolean,
): Promise<number> {
  try {
    const interspersed = verb.firstArgumentEndsOptions !== true;
    const { before } = found;
    const first = parse(before.options, before.words, { interspersed: false });
    const rest = wantsHelp || first.help ? [] : found.rest;
    const parsed = parse(verb.options, rest, { interspersed, first });
    if (parsed.help || first.help || wantsHelp) {
      const { verbHelp } = await import("./help.ts");
      out(verbHelp(found, verb));
      return 0;
    }
    checkCount(verb, found.name, parsed.args.length);
    return await verb.run(context, { ...parsed, verb: found.name });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const status = error.status === 125 ? (found.before.usageStatus ?? 125) : error.status;
    throw new UsageError(`${found.name}: ${error.message} (inro ${found.name} --help)`, status);
  }
}

function checkCount({ args: [least, most], usage }: Verb<OptionTable>, name: string, count: number): void {
  if (count >= least && count <= most) return;
  const bound = least === most ? "" : count < least ? "at least " : "at most ";
  const wanted = count < least ? least : most;
  const number = wanted === 0 ? "no arguments" : `${bound}${wanted} argument${wanted === 1 ? "" : "s"}`;
  throw new UsageError(`takes ${number}: inro ${name} ${usage}`, 1);
}

async function showMain(): Promise<number> {
  const { mainHelp } = await import("./help.ts");
  out(mainHelp());
  return 0;
}

/** Docker's verbs that are still to come (docs/ROADMAP.md): a typing error is not what they are. */
const LATER = new Set(["context", "search"]);

/** Docker's nouns of what this engine does without. */
const SWARM = new Set(["config", "node", "secret", "service", "stack", "swarm"]);

function nounLine(noun: string, { options, words, usageStatus }: Before) {
  try {
    return parse(options, words, { interspersed: false });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${noun}: ${error.message} (inro ${noun} --help)`, usageStatus ?? error.status);
  }
}

async function noVerb(words: readonly string[], wantsHelp: boolean): Promise<number> {
  const [first = "", ...rest] = words;
  const before = await beforeVerb(first, rest);
  const second = rest[before.words.length];
  if (nouns.includes(first)) {
    const { given } = nounLine(first, before);
    if (given.has("version")) return dispatch([first, "version"]);
    if (second === undefined || second.startsWith("-") || wantsHelp) {
      const { nounHelp } = await import("./help.ts");
      out(nounHelp(first, before.options));
      return 0;
    }
  }
  if (LATER.has(first)) throw new UsageError(`"${first}" is not part of inro yet (inro --help)`, 1);
  if (SWARM.has(first))
    throw new UsageError(
      `This node is not a swarm manager: this engine has no swarm mode, so no "inro ${first}"`,
      1,
    );
  if (first === "plugin") throw new UsageError('this engine has no plugins, so no "inro plugin"', 1);
  const isNoun = nouns.includes(first);
  const name = isNoun ? `${first} ${second}` : first;
  const all = verbs.flatMap(({ names, hidden }) => (hidden ? [] : names));
  const own = all.flatMap((n) => (n.startsWith(`${first} `) ? n.slice(first.length + 1) : []));
  const known = isNoun ? own : [...all.filter((n) => !n.includes(" ")), ...nouns];
  const found = nearest(isNoun ? (second ?? "") : first, known);
  const near = isNoun && found !== undefined ? `${first} ${found}` : found;
  throw new UsageError(
    `there is no "inro ${name}"${near === undefined ? "" : `: did you mean "inro ${near}"?`} (inro --help)`,
    1,
  );
}
