import type { Color, Paint } from "../terminal/paint.ts";
import { decimalSize } from "./human.ts";

/** What GET /inro/images/diff answers. */
export interface DiffAnswer {
  readonly Changes: readonly ChangeLine[];
  readonly Totals: Readonly<Record<"Added" | "Changed" | "Removed", Total>>;
}

interface Total {
  readonly Count: number;
  readonly Bytes: number;
}

interface ChangeLine {
  readonly Kind: "added" | "changed" | "removed";
  readonly Path: string;
  readonly Type: string;
  readonly Differs: readonly string[];
  readonly Before: number;
  readonly After: number;
  readonly Mode?: readonly [string, string];
  readonly Owner?: readonly [string, string];
}

const letters = { added: ["A", "green"], changed: ["C", "yellow"], removed: ["D", "red"] } as const;

const signed = (bytes: number) => `${bytes < 0 ? "-" : "+"}${decimalSize(Math.abs(bytes))}`;

function sizeOf({ Kind: kind, Type: type, Differs: differs, Before: before, After: after }: ChangeLine) {
  if (type !== "file" || (kind === "changed" && !differs.includes("content"))) return "";
  return signed(after - before);
}

/** What differs, with both values where they are short. */
function differs(change: ChangeLine): string {
  const values: Readonly<Record<string, readonly string[] | undefined>> = {
    mode: change.Mode,
    owner: change.Owner,
  };
  return change.Differs.map((name) => {
    const both = values[name];
    return both === undefined ? name : `${name} ${both.join(" → ")}`;
  }).join(", ");
}

/** Docker's letters, the path, what differs and by how many bytes; at the end the totals. */
export function diffText({ Changes: changes, Totals: totals }: DiffAnswer, paint: Paint): string {
  const sizes = changes.map(sizeOf);
  const wide = Math.max(0, ...sizes.map((size) => size.length));
  const lines = changes.map((change, i) => {
    const [letter, color] = letters[change.Kind] as readonly [string, Color];
    const path = `${change.Path}${change.Type === "directory" ? "/" : ""}`;
    const what = differs(change);
    return `${paint(color, letter)}  ${(sizes[i] ?? "").padStart(wide)}  ${path}${what === "" ? "" : paint("dim", `  ${what}`)}`;
  });
  const total = (name: keyof typeof totals) =>
    `${totals[name].Count} ${name.toLowerCase()} (${signed(totals[name].Bytes)})`;
  const all = totals.Added.Bytes + totals.Changed.Bytes + totals.Removed.Bytes;
  const foot =
    changes.length === 0
      ? "no difference"
      : `${total("Added")}, ${total("Changed")}, ${total("Removed")}: ${signed(all)}`;
  return `${[...lines, paint("dim", foot)].join("\n")}\n`;
}
