/** WORKDIR: the folder, and those on the way to it, where they are not there. */
import type { Stack } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { tarEnd, tarHeader } from "../../image/tar/writer.ts";
import { fromText } from "../../image/tree/entry.ts";
import { InroError } from "../../oci/error.ts";
import { ownerIn } from "../copy/owner.ts";
import { Placing } from "../copy/placing.ts";
import type { FolderNode } from "../graph/node.ts";
import type { Work } from "./solve.ts";

export function folderWork(
  node: FolderNode,
  below: Stack,
  { layers, timestamp }: { readonly layers: LayerStore; readonly timestamp: number | null },
): Work {
  const { path, user } = node;
  return {
    parts: { path, user, timestamp },
    async make() {
      const folders = await layers.folders(below);
      const owner = user === "" ? { uid: 0, gid: 0 } : ownerIn(folders, user);
      const seconds = timestamp ?? Math.floor(Date.now() / 1000);
      using placing = new Placing(folders, { owner, time: { seconds, nanoseconds: 0 } });
      try {
        placing.folder(fromText(path.slice(1)));
      } catch (cause) {
        if (!(cause instanceof InroError) || cause.code !== "COPY_DESTINATION_INVALID") throw cause;
        const what = `cannot make the working directory ${JSON.stringify(path)}`;
        throw new InroError("WORKING_DIRECTORY_INVALID", { what, why: cause.why, cause });
      }
      return { stack: await layers.store(tarOf(placing), below), isSound: true };
    },
  };
}

async function* tarOf(placing: Placing<unknown>): AsyncGenerator<Uint8Array> {
  for (const { path, dress } of placing.take()) yield tarHeader({ ...dress, name: path });
  yield tarEnd;
}
