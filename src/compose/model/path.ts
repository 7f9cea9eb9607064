/** Paths of the host, as a Compose file writes them. */
import { normalize, resolve } from "node:path";
import type { Place } from "../file/node.ts";
import { type At, type Kind, refuse } from "./kind.ts";
import { text } from "./scalar.ts";

export function refuseWindows(written: string, place: Place, at: At): void {
  if (/^[A-Za-z]:\\|^\\\\/.test(written))
    refuse(at, place, `"${written}" is a path of Windows`, "Inro runs on Linux: write /path/like/this");
}

/** Absolute: against the project's folder, `~` the caller's. */
export function hostPath(written: string, place: Place, at: At): string {
  refuseWindows(written, place, at);
  if (!at.absolute) return written;
  if (written === "~" || written.startsWith("~/")) {
    if (at.home === undefined) refuse(at, place, `"${written}" needs HOME, which is not set`);
    return resolve(at.home, `./${written.slice(1)}`);
  }
  return written.startsWith("/") ? written : resolve(at.workingDir, written);
}

export const path: Kind<string> = {
  ...text,
  read: (node, at) => hostPath(text.read(node, at), node.place, at),
};

/** A path in a container: absolute, without `..`. */
export function containerPath(written: string, place: Place, at: At, hint?: string): string {
  if (!written.startsWith("/"))
    refuse(at, place, `"${written}" is not an absolute path of the container`, hint);
  const clean = normalize(written);
  return clean.length > 1 ? clean.replace(/\/$/, "") : clean;
}
