/** Literal characters, or any one character. */
type Segment = readonly (string | undefined)[];

/** What stands between the stars of a shell pattern without brackets (XCU 2.13): `a*b?` is `a` and `b?`. */
export type Glob = readonly [Segment, ...Segment[]];

/**
 * Reads the pattern of `${name#pattern}` and its like. `\*`, `\?`, `\\`, `\}` and `\/` are those characters; throws an
 * Error for any other escape.
 */
export function parseGlob(pattern: string): Glob {
  const segments: [(string | undefined)[], ...(string | undefined)[][]] = [[]];
  for (let at = 0; at < pattern.length; at++) {
    const last = segments.at(-1) ?? segments[0];
    const character = pattern[at];
    if (character === "*") segments.push([]);
    else if (character === "?") last.push(undefined);
    else if (character === "\\") {
      at++;
      const escaped = pattern[at] ?? "";
      if (escaped === "" || !"*?\\}/".includes(escaped)) throw new Error(`invalid escape '\\${escaped}'`);
      last.push(escaped);
    } else last.push(character);
  }
  return segments;
}

const reversed = (glob: Glob): Glob =>
  glob.map((segment) => segment.toReversed()).toReversed() as unknown as Glob;

const isAt = (segment: Segment, text: string, from: number): boolean =>
  from + segment.length <= text.length &&
  segment.every((character, index) => character === undefined || character === text[from + index]);

function find(segment: Segment, text: string, from: number): number {
  for (let at = from; at + segment.length <= text.length; at++) if (isAt(segment, text, at)) return at;
  return -1;
}

function findLast(segment: Segment, text: string, from: number): number {
  for (let at = text.length - segment.length; at >= from; at--) if (isAt(segment, text, at)) return at;
  return -1;
}

/**
 * Where a match that begins at `from` ends, the nearest or the farthest such place. False: none begins there; undefined:
 * none begins there nor later. What comes between stars is taken at its first place, so time grows with the lengths'
 * product only.
 */
function matchEnd(glob: Glob, text: string, from: number, isLongest: boolean): number | false | undefined {
  const [first, ...rest] = glob;
  if (!isAt(first, text, from)) return false;
  let end = from + first.length;
  for (const [index, segment] of rest.entries()) {
    const isLast = index === rest.length - 1;
    const at = isLast && isLongest ? findLast(segment, text, end) : find(segment, text, end);
    if (at < 0) return undefined;
    end = at + segment.length;
  }
  return end;
}

/** The text without the shortest or the longest match at its start. */
export function withoutPrefix(glob: Glob, text: string, isLongest: boolean): string {
  const end = matchEnd(glob, text, 0, isLongest);
  return typeof end === "number" ? text.slice(end) : text;
}

export function withoutSuffix(glob: Glob, text: string, isLongest: boolean): string {
  const turned = [...text].reverse().join("");
  return [...withoutPrefix(reversed(glob), turned, isLongest)].reverse().join("");
}

/** The text with its first match, or with all of them, replaced; each as long as it can be. */
export function replaced(glob: Glob, text: string, replacement: string, isAll: boolean): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; ) {
    const end = matchEnd(glob, text, at, true);
    if (end === undefined) break;
    if (end === false || end === at) at++;
    else {
      parts.push(text.slice(kept, at), replacement);
      kept = end;
      at = end;
      if (!isAll) break;
    }
  }
  return [...parts, text.slice(kept)].join("");
}
