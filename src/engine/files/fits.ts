/** A part of a pattern for names: a run of any characters, or one of a set. */
export type Token = "any" | ((character: string) => boolean);

/** Goes back to the last run alone, so that no pattern takes longer than its length times the name's. */
export function fits(tokens: readonly Token[], name: string): boolean {
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
