/** Names of archives as paths of a tree: relative, without "." and "..", or refused. */
import { TarError } from "../tar/error.ts";
import { toText } from "./entry.ts";
import { bound } from "./frames.ts";

const show = (name: string) => JSON.stringify(toText(name.slice(0, 200)));

/**
 * `./a//b/` and `/a/b` are `a/b`; `./` is the root, "". A name with ".." is refused rather than resolved: none of the
 * programs that make layers writes one, and every reader resolves it differently.
 */
export function treePath(name: string): string {
  if (!name.includes("./") && !name.includes("//") && !/^[/.]|[/.]$/.test(name)) return bounded(name);
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") throw new TarError(`the name ${show(name)} leads upwards`);
    parts.push(part);
  }
  return bounded(parts.join("/"));
}

function bounded(path: string): string {
  if (path.length >= bound.path) throw new TarError(`a name of ${path.length} bytes is too long`);
  for (let from = 0; from < path.length; ) {
    const slash = path.indexOf("/", from);
    const end = slash < 0 ? path.length : slash;
    if (end - from > 255) throw new TarError(`the name ${show(path)} has a part of more than 255 bytes`);
    from = end + 1;
  }
  return path;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Without the folders before it. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

export const within = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

/** How a layer's tar says that a name is gone (image-spec, layer.md, "Whiteouts"). */
export const whiteoutPrefix = ".wh.";
/** The same of all that lower layers have in the folder. */
export const opaqueName = ".wh..wh..opq";
