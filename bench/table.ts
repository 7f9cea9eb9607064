/** A line of the report: what each contender needed, and what inro may need. */
export interface Row {
  readonly work: string;
  readonly unit: "ns" | "µs" | "ms" | "MB";
  readonly values: ReadonlyMap<string, number>;
  /** Undefined: the row explains another one. */
  readonly budget?: Budget;
}

/** `against` a peer's figure (of several peers the fastest's), or an absolute limit in the row's unit. */
export type Budget = Against | { readonly limit: number } | (Against & { readonly and: Budget });

interface Against {
  readonly factor: number;
  readonly against: string | readonly string[];
}

const CONTENDER = /^inro/;

/** Whether a figure keeps its budget; undefined when the peer is not there to be compared with. */
export function keeps(row: Row, value: number, budget = row.budget): boolean | undefined {
  if (budget === undefined) return undefined;
  if ("limit" in budget) return value <= budget.limit;
  const peers = [budget.against].flat().flatMap((name) => row.values.get(name) ?? []);
  const first = peers.length === 0 ? undefined : value <= Math.min(...peers) * budget.factor;
  if (!("and" in budget)) return first;
  const second = keeps(row, value, budget.and);
  return first === false || second === false ? false : (first ?? second);
}

const describeBudget = (budget: Budget, unit: string): string =>
  "limit" in budget
    ? `≤ ${budget.limit} ${unit}`
    : `≤ ${budget.factor} × ${[budget.against].flat().join(" or ")}${"and" in budget ? `, ${describeBudget(budget.and, unit)}` : ""}`;

const figure = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

/** The report as text, one block a row. */
export function table(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => [
    "",
    row.budget === undefined ? row.work : `${row.work}  (budget: ${describeBudget(row.budget, row.unit)})`,
    ...[...row.values].sort(([, a], [, b]) => a - b).map(([name, value]) => line(row, name, value)),
  ]);
  return lines.join("\n");
}

function line(row: Row, name: string, value: number): string {
  const cells = [`  ${name.padEnd(24)}`, `${figure(value).padStart(9)} ${row.unit}`];
  if (CONTENDER.test(name)) {
    for (const [peer, other] of row.values)
      if (!CONTENDER.test(peer)) cells.push(`${(value / other).toFixed(3)} × ${peer}`);
    const kept = keeps(row, value);
    if (kept !== undefined) cells.push(kept ? "within budget" : "OVER BUDGET");
  }
  return cells.join("   ");
}
