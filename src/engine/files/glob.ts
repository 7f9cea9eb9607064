import type { TreeRoot } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";

/** More than anyone types a pattern for; what a container can make the engine hold is bounded (R17). */
const MOST = 10_000;

/**
 * The paths in a container's files that a pattern means, as a shell has them (glob(7)): `*`, `?` and `[…]` within a name, `\\`
 * before a character that stands for itself; what begins with a dot has to be asked for. Everything is looked up inside the
 * root, links too. PATH_INVALID.
 */
export async function glob(core: Core, root: TreeRoot, pattern: string): Promise<readonly string[]> {
  if (pattern.includes("\0")) throw refused(pattern, "it holds a NUL");
  let found: readonly string[] = [""];
  let isSeen = true;
  for (const part of pattern.split("/").filter((each) => each !== "" && each !== ".")) {
    if (part === "..") throw refused(pattern, "it leads upwards");
    isSeen = isPattern(part);
    found = isSeen
      ? await matches(core, root, { found, part, pattern })
      : found.map((path) => `${path}/${plain(part)}`);
  }
  if (isSeen) return found;
  const there = await Promise.all(found.map((path) => core.trees.stat(root, path)));
  return found.filter((_, at) => there[at] !== undefined);
}

async function matches(
  core: Core,
  root: TreeRoot,
  {
    found,
    part,
    pattern,
  }: { readonly found: readonly string[]; readonly part: string; readonly pattern: string },
): Promise<string[]> {
  const tokens = tokensOf(part);
  const all: string[] = [];
  for (const path of found) {
    const names = (await core.trees.list(root, path || "/")) ?? [];
    for (const name of names)
      if (fits(tokens, name) && (!name.startsWith(".") || part.startsWith("."))) all.push(`${path}/${name}`);
    if (all.length > MOST) throw refused(pattern, `it means more than ${MOST} paths`);
  }
  return all;
}

const refused = (pattern: string, why: string) =>
  new InroError("PATH_INVALID", {
    what: `cannot use ${JSON.stringify(pattern.slice(0, 200))} as a pattern`,
    why,
  });

const isPattern = (text: string): boolean => /(?<!\\)(?:\\\\)*[*?[]/.test(text);

const plain = (part: string): string => part.replace(/\\(.)/gs, "$1");

/** A run of any characters, or one of a set. */
type Token = "any" | ((character: string) => boolean);

function tokensOf(part: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [text] of part.matchAll(/\\.|\[!?\]?[^\]]*\]|./gsu)) {
    if (text === "*") tokens.push("any");
    else if (text === "?") tokens.push(() => true);
    else if (text.length > 2 && text.startsWith("[")) tokens.push(setOf(text.slice(1, -1)));
    else tokens.push((character) => character === plain(text));
  }
  return tokens;
}

/** `a-z_`, `!0-9`. */
function setOf(text: string): (character: string) => boolean {
  const inverted = text.startsWith("!");
  const ranges = [...text.slice(inverted ? 1 : 0).matchAll(/(.)-(.)|(.)/gsu)];
  return (character) =>
    inverted !==
    ranges.some(([, low, high, one]) =>
      one === undefined ? character >= (low ?? "") && character <= (high ?? "") : character === one,
    );
}

/** Goes back to the last `*` alone, so that no pattern takes longer than its length times the name's. */
function fits(tokens: readonly Token[], name: string): boolean {
  const characters = [...name];
  let [token, at] = [0, 0];
  let star: { readonly token: number; at: number } | undefined;
  while (at < characters.length) {
    const now = tokens[token];
    if (now === "any") star = { token: token++, at };
    else if (now?.(characters[at] ?? "")) [token, at] = [token + 1, at + 1];
    else if (star !== undefined) [token, at] = [star.token + 1, ++star.at];
    else return false;
  }
  return tokens.slice(token).every((rest) => rest === "any");
}
