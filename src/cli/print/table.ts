import { cut } from "./cut.ts";

/** Docker's tables: at least ten wide, three spaces between columns, the last column as long as it is. */
const LEAST = 10;
const GAP = 3;

/** Characters, not bytes; wide ones (CJK, emoji) count two. */
export const width = (text: string): number => Bun.stringWidth(text);

/**
 * The rows with cells cut until they fit into so many characters: one column after the other, as far down as its title, or
 * until nothing is left to be cut.
 */
export function fitted(
  rows: readonly (readonly string[])[],
  room: number,
  columns: readonly number[],
): readonly (readonly string[])[] {
  const [titles = []] = rows;
  const own = titles.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  const taken = (text: number, column: number) =>
    column === own.length - 1 ? text : Math.max(LEAST, text + GAP);
  let over = own.reduce((sum, each, column) => sum + taken(each, column), -room);
  for (const column of columns) {
    const [before = 0, least] = [own[column], Math.max(width(titles[column] ?? ""), LEAST - GAP)];
    const now = Math.max(Math.min(before, least), before - Math.max(over, 0));
    own[column] = now;
    over -= taken(before, column) - taken(now, column);
  }
  return rows.map((row) => row.map((cell, column) => cut(cell, own[column] ?? 0)));
}

/** Rows of cells, the first one the titles. */
export function table(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(LEAST, ...rows.map((row) => width(row[column] ?? "") + GAP)),
  );
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell)),
      );
      return `${cells.join("")}\n`;
    })
    .join("");
}
