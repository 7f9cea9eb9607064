import type { Paint } from "../terminal/paint.ts";
import { decimalSize, ellipsis } from "./human.ts";
import { width } from "./table.ts";

/** What GET /inro/images/{name}/layers answers. */
export interface LayersAnswer {
  readonly Id: string;
  readonly Layers: readonly LayerLine[];
}

interface LayerLine {
  readonly CreatedBy: string;
  readonly Comment: string;
  readonly Compressed: number;
  readonly Bytes: number;
  readonly Files: number;
  readonly Folders: readonly { readonly Path: string; readonly Bytes: number }[];
  readonly SharedWith: readonly string[];
  readonly Wasted: number;
  readonly Waste: readonly { readonly Path: string; readonly Bytes: number; readonly By: number }[];
}

const BAR = 20;
const LEAST_TEXT = 24;

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

/** As long as the layer's part of the image; a layer with anything in it shows at least a sliver. */
function bar(bytes: number, all: number, paint: Paint): string {
  const eighths = all === 0 ? 0 : Math.round((bytes / all) * BAR * 8);
  const shown = bytes > 0 ? Math.max(1, eighths) : 0;
  const full = "█".repeat(Math.floor(shown / 8)) + ("▏▎▍▌▋▊▉"[(shown % 8) - 1] ?? "");
  return paint("cyan", full) + " ".repeat(BAR - width(full));
}

/** A Dockerfile's words: without the shell that BuildKit and docker put before them. */
const stepOf = ({ CreatedBy: by, Comment: comment }: LayerLine) =>
  (by || comment || "unknown").replace(/^\/bin\/sh -c (#\(nop\)\s*)?/, "").replace(/\s+/g, " ");

/** A tree of what each layer weighs, the bottom first, `columns` wide. */
export function layersText(name: string, { Layers: layers }: LayersAnswer, paint: Paint, columns: number) {
  const [bytes, packed, wasted] = [
    sum(layers.map((layer) => layer.Bytes)),
    sum(layers.map((layer) => layer.Compressed)),
    sum(layers.map((layer) => layer.Wasted)),
  ];
  const head = `${paint("bold", name)}  ${decimalSize(bytes)} in ${counted(layers.length, "layer")}, ${decimalSize(packed)} compressed`;
  const digits = String(layers.length).length;
  const rows = layers.map((layer) => [decimalSize(layer.Bytes), decimalSize(layer.Compressed)] as const);
  const [wide, narrow] = [0, 1].map((i) => Math.max(0, ...rows.map((row) => (row[i] ?? "").length)));
  const lines = layers.flatMap((layer, i) => {
    const last = i === layers.length - 1;
    const rail = `${last ? " " : "│"}  ${" ".repeat(digits)}`;
    const [own = "", small = ""] = rows[i] ?? [];
    const sizes = `${own.padStart(wide ?? 0)}  ${paint("dim", `(${small})`)}${" ".repeat((narrow ?? 0) - small.length)}`;
    const used = 3 + digits + (wide ?? 0) + (narrow ?? 0) + BAR + 10;
    const text = ellipsis(stepOf(layer), Math.max(LEAST_TEXT, columns - used));
    const branch = `${last ? "╰" : "├"}─ ${String(i + 1).padStart(digits)}`;
    const line = `${branch}  ${sizes}  ${bar(layer.Bytes, bytes, paint)}  ${text}`.trimEnd();
    return [line, ...notes(layer, paint).map((note) => `${rail}  ${note}`)];
  });
  const foot = wasted === 0 ? "nothing is wasted" : wasteText(wasted, bytes);
  return `${[head, ...lines, paint(wasted === 0 ? "dim" : "yellow", foot)].join("\n")}\n`;
}

function wasteText(wasted: number, bytes: number): string {
  const part = ((wasted / bytes) * 100).toFixed(1);
  return `${decimalSize(wasted)} wasted (${part} %): files that later layers write over or delete`;
}

function notes(layer: LayerLine, paint: Paint): string[] {
  const folders = layer.Folders.map(({ Path: path, Bytes: bytes }) => `${path} ${decimalSize(bytes)}`);
  const waste = layer.Waste.map(
    ({ Path: path, Bytes: bytes, By: by }) => `${path} ${decimalSize(bytes)} (layer ${by})`,
  );
  return [
    ...(folders.length === 0 ? [] : [paint("dim", `${counted(layer.Files, "file")}: ${folders.join(", ")}`)]),
    ...(layer.SharedWith.length === 0 ? [] : [paint("green", `shared with ${layer.SharedWith.join(", ")}`)]),
    ...(layer.Wasted === 0
      ? []
      : [paint("yellow", `${decimalSize(layer.Wasted)} wasted: ${waste.join(", ")}`)]),
  ];
}
