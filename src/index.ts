/**
 * Inro as a library: an engine in your own process, or one that runs already, behind one interface (docs/LIBRARY.md).
 *
 * ```ts
 * import { Engine } from "inro";
 * await using engine = await Engine.open({ root: "/tmp/box", execRoot: "/tmp/box-run" });
 * await using container = await engine.run({ image: "hello", pull: false });
 * for await (const { text } of container.logs({ follow: true })) console.log(text);
 * console.log(await container.wait());
 * ```
 */
import { connect } from "./library/engine.ts";
import { openLibrary } from "./main/library.ts";

export { ApiError } from "./client/client.ts";
export type * from "./library/build.ts";
export type * from "./library/container.ts";
export type * from "./library/edit.ts";
export type * from "./library/engine.ts";
export type * from "./library/exec.ts";
export type * from "./library/frames.ts";
export type * from "./library/objects.ts";
export type * from "./library/session.ts";
export type * from "./library/spec.ts";
export { InroError } from "./oci/error.ts";

export const Engine = { open: openLibrary, connect };
