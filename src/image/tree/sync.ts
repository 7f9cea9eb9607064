import { askTree } from "./ask.ts";
import { fromText } from "./entry.ts";

/** Puts a file of the folder on disk, or without a name the folder's whole file system. */
export async function syncIn(native: string, folder: string, name = ""): Promise<void> {
  await askTree(native, folder, "sync", (outbox) => outbox.string(fromText(name)));
}
