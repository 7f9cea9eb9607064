/** Manifest lists that are being put together: a file each below the data root, until they are pushed or removed. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { descriptorSchema } from "../../oci/descriptor.ts";
import { InroError, reasonOf } from "../../oci/error.ts";
import { writeDurably } from "../layout/durable.ts";
import type { ListEntry } from "./entry.ts";

const draftSchema = v.object({
  name: v.string(),
  manifests: v.array(v.object({ reference: v.string(), descriptor: descriptorSchema, content: v.string() })),
});

export interface Drafts {
  /** Undefined where there is none of this name. Throws LAYOUT_DAMAGED. */
  read(name: string): Promise<readonly ListEntry[] | undefined>;
  write(name: string, entries: readonly ListEntry[]): Promise<void>;
  remove(name: string): Promise<void>;
}

function parse(text: string, path: string): v.InferOutput<typeof draftSchema> {
  try {
    return v.parse(draftSchema, JSON.parse(text));
  } catch (cause) {
    throw new InroError("LAYOUT_DAMAGED", {
      what: `cannot read the manifest list ${path}`,
      why: reasonOf(cause),
      hint: "remove the file, and create the list again",
      cause,
    });
  }
}

export async function openDrafts(root: string, ingest: string): Promise<Drafts> {
  const folder = join(root, "manifest-lists");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // A name may be longer than a file's, and has slashes.
  const pathOf = (name: string) => join(folder, `${createHash("sha256").update(name).digest("hex")}.json`);
  return {
    async read(name) {
      const path = pathOf(name);
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
        return undefined;
      });
      if (text === undefined) return undefined;
      return parse(text, path).manifests.map((each) => ({
        ...each,
        content: Buffer.from(each.content, "base64"),
      }));
    },
    async write(name, entries) {
      const manifests = entries.map((each) => ({ ...each, content: each.content.toString("base64") }));
      await writeDurably(pathOf(name), `${JSON.stringify({ name, manifests })}\n`, ingest);
    },
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}
