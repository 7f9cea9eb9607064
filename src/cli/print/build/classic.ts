/** Docker's classic builder's lines, from an engine that has no others. */
import type { ClassicLine } from "../../build/line.ts";

/** What is written for each line; the image's id, once it is told. */
export function classicText(): { text(line: ClassicLine): string; readonly id: string | undefined } {
  const said = new Map<string, string>();
  let id: string | undefined;
  return {
    get id() {
      return id;
    },
    text({ stream, status, id: layer, progressDetail, aux }) {
      if (aux?.ID !== undefined) id = aux.ID;
      if (stream !== undefined) return stream;
      if (status === undefined || (progressDetail?.total ?? 0) > 0) return "";
      const key = layer ?? "";
      if (said.get(key) === status) return "";
      said.set(key, status);
      return layer === undefined ? `${status}\n` : `${layer}: ${status}\n`;
    },
  };
}
