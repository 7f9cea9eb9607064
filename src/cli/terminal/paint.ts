/** https://no-color.org: any non-empty NO_COLOR switches colours off. */
const wanted = (isTerminal: boolean) =>
  isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

export type Color = keyof typeof codes;

export type Paint = (color: Color, text: string) => string;

/** Colours for what is written to a terminal; elsewhere the text stays as it is. */
export function paintFor(isTerminal: boolean): Paint {
  if (!wanted(isTerminal)) return (_, text) => text;
  return (color, text) => (text === "" ? "" : `\x1b[${codes[color]}m${text}\x1b[0m`);
}
