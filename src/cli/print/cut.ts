/** At most so many columns of a terminal, the last one an ellipsis where something is missing; colours end with it. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (Bun.stringWidth(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const part of partsOf(text)) {
    used += Bun.stringWidth(part);
    if (used > columns - 1) break;
    kept += part;
  }
  return `${kept}…${kept.includes("\x1b") ? "\x1b[0m" : ""}`;
}

/** What a terminal shows as one letter, and colours. */
function* partsOf(text: string): Generator<string> {
  for (const [index, piece] of text.split(/(\x1b\[\d*m)/).entries())
    if (index % 2 === 1) yield piece;
    else for (const { segment } of new Intl.Segmenter().segment(piece)) yield segment;
}
