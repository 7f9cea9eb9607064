/**
 * A line split into words as docker compose v2 splits it: as a shell would, with nothing replaced; quotes and backslashes
 * are taken away. No shell reads the line, so that it ends where one would begin something else (`;`, `|`, `>` …).
 */
export interface Words {
  readonly words: readonly string[];
  /** From the sign on at which the line ended before its time. */
  readonly rest?: string;
}

/** @returns what is wrong instead of words, in half a sentence */
export function shellWords(line: string): Words | { readonly wrong: string } {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? "";
    if (/[ \t\r\n]/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (";&|<>".includes(sign)) {
      // `2>` is one sign: the number before it is no word.
      const last = word === undefined || (sign === ">" && /^\d/.test(word)) ? [] : [word];
      return { words: [...words, ...last], rest: line.slice(at) };
    } else if (sign === "(" || sign === ")") {
      return { wrong: `"${sign}" is a shell's, and no shell reads it` };
    } else if (sign === "\\") {
      if (at + 1 >= line.length) return { wrong: "it ends in a backslash, with nothing behind it" };
      at += 1;
      word = (word ?? "") + line[at];
    } else {
      const span = quoted(line, at);
      if (typeof span === "object") return span;
      word = (word ?? "") + (span === undefined ? sign : plain(line.slice(at, span)));
      at = span === undefined ? at : span - 1;
    }
  }
  return { words: word === undefined ? words : [...words, word] };
}

const closers: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", $: ")" };

/** Where what is quoted here ends, or undefined where nothing is. */
function quoted(line: string, from: number): number | undefined | { readonly wrong: string } {
  const open = line[from] ?? "";
  const close = open === "$" && line[from + 1] !== "(" ? undefined : closers[open];
  if (close === undefined) return undefined;
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === close) return at + 1;
    if (line[at] === "\\" && open !== "'") at += 1;
  }
  return { wrong: `what ${open} opens is never closed` };
}

/** A command between backquotes, or `$(…)`, stays as it is but for backslashes. */
function plain(quotation: string): string {
  if (quotation.startsWith("'")) return quotation.slice(1, -1);
  const bare = quotation.startsWith('"') ? quotation.slice(1, -1) : quotation;
  return bare.replace(/\\([\s\S])/g, "$1");
}
