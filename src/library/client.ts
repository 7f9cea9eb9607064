/** The library where there is no Bun: engines that run elsewhere on this machine. */
import { connect } from "./engine.ts";

export { ApiError } from "../client/client.ts";
export { InroError } from "../oci/error.ts";
export type * from "./build.ts";
export type * from "./container.ts";
export type * from "./edit.ts";
export type * from "./engine.ts";
export type * from "./exec.ts";
export type * from "./frames.ts";
export type * from "./objects.ts";
export type * from "./session.ts";
export type * from "./spec.ts";

export const Engine = { connect };
