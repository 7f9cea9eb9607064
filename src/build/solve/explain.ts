import type { Cache, KeyParts } from "../cache/cache.ts";
import type { ChangingNode } from "../graph/node.ts";

/** What a part that differs is called; those that are not here are told by their own name. */
const NAMES: Readonly<Record<string, string>> = {
  files: "files that it copies have changed",
  arguments: "its command is another: a variable in it, or the shell",
  script: "its script is another",
  user: "its user is another",
  workdir: "its working directory is another",
  destination: "where it copies to is another",
  path: "its path is another",
  hosts: "--add-host is another",
  shmSize: "--shm-size is another",
  timestamp: "the timestamp is another",
};

/** Why a step is made, held against the last one of the same words: what is its own before what is below. */
export function reasonFor(cache: Cache, { step, below }: ChangingNode, now: KeyParts): string {
  const last = cache.lastOf(step.text)?.parts;
  if (last === undefined) return "the cache has no step of these words";
  const differing = [...new Set([...Object.keys(now), ...Object.keys(last)])].filter(
    (name) => JSON.stringify(now[name]) !== JSON.stringify(last[name]),
  );
  if (differing.length === 0) return "what it made is not here any more";
  const own = differing.filter((name) => name !== "below").flatMap((name) => differenceOf(name, now, last));
  const stands =
    below.op === "base"
      ? "the image that it stands on is another"
      : `what it stands on is another since ${titleOf(below)}`;
  return [...own, ...(differing.includes("below") ? [stands] : [])].join(", and ");
}

function differenceOf(name: string, now: KeyParts, last: KeyParts): string[] {
  if (name === "env") return variables(textsOf(now["env"]), textsOf(last["env"]));
  if (name === "mounts") return mounts(mountsOf(now["mounts"]), mountsOf(last["mounts"]));
  return [NAMES[name] ?? `its ${name} is another`];
}

const textsOf = (value: unknown) => new Map((value as readonly string[] | undefined)?.map(pairOf));

function pairOf(entry: string): [string, string] {
  const [name = ""] = entry.split("=", 1);
  return [name, entry.slice(name.length + 1)];
}

/** Names alone: a value may be nobody's business. */
function variables(now: ReadonlyMap<string, string>, last: ReadonlyMap<string, string>): string[] {
  const told = [
    ["is new", [...now.keys()].filter((name) => !last.has(name))],
    ["is gone", [...last.keys()].filter((name) => !now.has(name))],
    [
      "has another value",
      [...now.keys()].filter((name) => last.has(name) && last.get(name) !== now.get(name)),
    ],
  ] as const;
  const lines = told.flatMap(([how, names]) => names.map((name) => `the variable ${name} ${how}`));
  return lines.length === 0 ? ["its variables have another order"] : lines;
}

interface ShownMount {
  readonly type: string;
  readonly target?: string;
  readonly from: unknown;
}

const mountsOf = (value: unknown) =>
  new Map(
    (value as readonly ShownMount[] | undefined)?.map((mount) => [
      `${mount.type} ${mount.target ?? ""}`,
      mount,
    ]),
  );

function mounts(now: ReadonlyMap<string, ShownMount>, last: ReadonlyMap<string, ShownMount>): string[] {
  const lines = [...now].flatMap(([key, mount]) => {
    const before = last.get(key);
    if (before === undefined) return [`the mount of ${key} is new`];
    if (JSON.stringify(before.from) !== JSON.stringify(mount.from))
      return [`what ${mount.target} shows has changed`];
    return JSON.stringify(before) === JSON.stringify(mount) ? [] : [`the mount of ${key} is another`];
  });
  const gone = [...last.keys()].filter((key) => !now.has(key)).map((key) => `the mount of ${key} is gone`);
  return [...lines, ...gone];
}

/** An instruction as a part of a sentence. */
function titleOf({ step }: ChangingNode): string {
  const text = step.text.replace(/\s+/g, " ");
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
