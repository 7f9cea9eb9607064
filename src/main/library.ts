import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../api/server.ts";
import { openClient } from "../client/client.ts";
import { connectTo } from "../client/socket.ts";
import type { Engine as LocalEngine } from "../engine/engine.ts";
import { type Engine, engineOf } from "../library/engine.ts";
import { type OpenOptions, openLocalEngine } from "./open.ts";

/**
 * The engine in this process, over a data root of its own. It is spoken to as any other, by a socket that only this user
 * finds; `local` is what stands behind it. ENGINE_RUNNING where a daemon has the data root: connect to that one.
 */
export async function openLibrary(
  options: OpenOptions = {},
): Promise<Engine & { readonly local: LocalEngine }> {
  const local = await openLocalEngine(options);
  const folder = mkdtempSync(join(options.execRoot ?? "/run/inro", "library-"));
  const socket = join(folder, "sock");
  const api = await serve(local, { socket, group: null });
  const close = async () => {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
    await local.close();
  };
  return {
    ...engineOf(
      openClient(() => connectTo(socket)),
      close,
    ),
    local,
  };
}
