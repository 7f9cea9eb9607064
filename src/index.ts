/**
 * Inro as a library: what the daemon does, in your own process.
 *
 * ```ts
 * import { Engine, DEFAULT_OPTIONS } from "inro";
 * const engine = await Engine.open({ root: "/tmp/box", execRoot: "/tmp/box-run" });
 * const { id } = await engine.containers.create({ ...DEFAULT_OPTIONS, image: "hello" }, null);
 * const { ended } = engine.containers.wait(id, "next-exit");
 * await engine.containers.start(id);
 * console.log(await ended);
 * await engine.containers.remove(id, { force: false, volumes: true });
 * await engine.close();
 * ```
 */
import { openLocalEngine } from "./main/open.ts";

export type * from "./engine/engine.ts";
export type * from "./engine/events.ts";
export type * from "./engine/images.ts";
export type * from "./engine/options.ts";
export { DEFAULT_LOG, DEFAULT_OPTIONS, DEFAULT_RESOURCES } from "./engine/options.ts";
export type * from "./engine/state.ts";
export { InroError } from "./oci/error.ts";

export const Engine = { open: openLocalEngine };
