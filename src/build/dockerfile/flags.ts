import { nearest } from "../../oci/nearest.ts";
import { type Flag, refuse, type Statement } from "./statement.ts";
import type { Word } from "./word.ts";

/** What a flag takes: true or false (nothing is true), a value once, or a value each time. */
type FlagKind = "boolean" | "text" | "texts";

type FlagValue<Kind extends FlagKind> = Kind extends "boolean"
  ? boolean | undefined
  : Kind extends "text"
    ? Word | undefined
    : readonly Word[];

type FlagValues<Kinds extends Readonly<Record<string, FlagKind>>> = {
  readonly [Name in keyof Kinds]: FlagValue<Kinds[Name]>;
};

/** An instruction's flags by its table; refuses all others, and one that is given twice. */
export function flagsOf<const Kinds extends Readonly<Record<string, FlagKind>>>(
  statement: Statement,
  kinds: Kinds,
): FlagValues<Kinds> {
  const given = new Map<string, Flag[]>();
  for (const flag of statement.flags) {
    const kind = Object.hasOwn(kinds, flag.name) ? kinds[flag.name] : undefined;
    if (kind === undefined) refuseUnknown(statement, flag, Object.keys(kinds));
    const before = given.get(flag.name) ?? [];
    if (before.length > 0 && kind !== "texts")
      refuse(statement, `duplicate flag specified: --${flag.name}`, flag.location);
    before.push(flag);
    given.set(flag.name, before);
  }
  const values = Object.entries(kinds).map(([name, kind]) => [
    name,
    flagValue(statement, kind, given.get(name) ?? []),
  ]);
  return Object.fromEntries(values) as FlagValues<Kinds>;
}

function refuseUnknown(statement: Statement, { name, location }: Flag, known: readonly string[]): never {
  const near = nearest(name, known);
  const list = known.length === 0 ? `${statement.name} has no flags` : undefined;
  refuse(
    statement,
    `unknown flag: --${name}`,
    location,
    near === undefined ? list : `did you mean --${near}?`,
  );
}

function flagValue(statement: Statement, kind: FlagKind, flags: readonly Flag[]) {
  if (kind === "texts") return flags.map((flag) => required(statement, flag));
  const [flag] = flags;
  if (flag === undefined) return undefined;
  return kind === "text" ? required(statement, flag) : truth(statement, flag);
}

const required = (statement: Statement, flag: Flag): Word =>
  flag.value ?? refuse(statement, `missing a value on flag: --${flag.name}`, flag.location);

function truth(statement: Statement, { name, value, location }: Flag): boolean {
  const text = value?.raw.toLowerCase() ?? "true";
  if (text === "") refuse(statement, `missing a value on flag: --${name}`, location);
  if (text !== "true" && text !== "false")
    refuse(statement, `expecting boolean value for flag --${name}, not: ${value?.raw}`, location);
  return text === "true";
}
