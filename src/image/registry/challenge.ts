/** WWW-Authenticate of a 401 answer (RFC 9110, 11.6.1): schemes with parameters. */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;

/** Reads every challenge of the header; stops at the first thing that is none. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found[0];
  };
  const value = (): string | undefined => {
    const quoted = match(/"(?:[^"\\]|\\.)*"/y);
    return quoted === undefined ? match(token) : quoted.slice(1, -1).replace(/\\(.)/g, "$1");
  };
  let parameters: Record<string, string> = {};
  while (at < header.length) {
    match(/[\s,]*/y);
    const word = match(token);
    if (word === undefined) break;
    if (challenges.length > 0 && match(/\s*=\s*/y) !== undefined) {
      parameters[word.toLowerCase()] = value() ?? "";
    } else {
      parameters = {};
      challenges.push({ scheme: word.toLowerCase(), parameters });
    }
  }
  return challenges;
}
