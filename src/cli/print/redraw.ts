/** Rows that lines take on a screen that may have become narrower since they were drawn. */
const rowsOf = (lines: readonly string[], columns: number): number =>
  lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(Bun.stringWidth(line) / columns)), 0);

/**
 * The bytes that put `lines` in the place of those that were drawn, with `above` before them. Lines are written over what
 * they replace, and terminals that know it (DEC mode 2026) show all of it at once: nothing flickers.
 */
export function redraw(
  drawn: readonly string[],
  above: string,
  lines: readonly string[],
  columns: number,
): string {
  const isSame = lines.length === drawn.length && lines.every((line, i) => line === drawn[i]);
  if (above === "" && isSame) return "";
  const rows = rowsOf(drawn, columns);
  const up = rows === 0 ? "" : `\x1b[${rows}A\r`;
  const text = `${above}${lines.map((line) => `${line}\n`).join("")}`.replaceAll("\n", "\x1b[K\n");
  return `\x1b[?2026h${up}${text}\x1b[J\x1b[?2026l`;
}
