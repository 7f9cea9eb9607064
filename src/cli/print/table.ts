/** Docker's tables: at least ten wide, three spaces between columns, the last column as long as it is. */
const LEAST = 10;
const GAP = 3;

/** Characters, not bytes; wide ones (CJK, emoji) count two. */
export const width = (text: string): number => Bun.stringWidth(text);

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
