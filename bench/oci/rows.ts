import type { Row } from "../table.ts";
import { insideRows } from "./inside.ts";
import { lifeRows } from "./life.ts";
import { openRooms } from "./rooms.ts";
import { runRow } from "./run.ts";

/** Rows for which no engine is started. */
export const OCI_ROWS: readonly string[] = ["oci", "life", "inside"];

/** The OCI runtimes beside each other: a whole run, the steps of a life, and what it is to live inside. */
export async function* ociRows(
  folder: string,
  busybox: string,
  wanted: ReadonlySet<string>,
  rounds: number,
): AsyncGenerator<Row> {
  if (!OCI_ROWS.some((row) => wanted.has(row))) return;
  const rooms = await openRooms(folder, busybox);
  try {
    if (wanted.has("oci")) yield await runRow(rooms, rounds);
    if (wanted.has("life")) yield* await lifeRows(rooms, rounds);
    if (wanted.has("inside")) yield* await insideRows(rooms, rounds);
  } finally {
    await rooms.close();
  }
}
