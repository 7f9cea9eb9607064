import { posix } from "node:path";
import { Readable } from "node:stream";
import type { TreeRoot, PathStat as TreeStat } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { spending } from "../../platform/spent.ts";
import { type Core, tell } from "../core.ts";
import type { Archives, PathStat } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { identityIn } from "../life/identity.ts";
import { openFiles } from "./files.ts";
import { glob } from "./glob.ts";

/** `cp` in both directions, of running and of stopped containers. */
export function archives(core: Core): Archives {
  return {
    stat: async (container, path) => {
      const entry = core.shelf.find(container);
      await using files = await openFiles(core, entry);
      return pathStat(path, await existing(core, entry, files.root, path));
    },
    glob: async (container, pattern) => {
      await using files = await openFiles(core, core.shelf.find(container));
      return await glob(core, files.root, pattern);
    },
    get: async (container, path) => get(core, core.shelf.find(container), path),
    put: async (container, path, tar, o) => put(core, core.shelf.find(container), path, tar, o),
  };
}

async function existing(core: Core, entry: Entry, root: TreeRoot, path: string): Promise<TreeStat> {
  const found = await core.trees.stat(root, path, { follow: /\/\.?$/.test(path) });
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_PATH", {
    what: `cannot find "${path}" in the container "${entry.name}"`,
    why: `Could not find the file ${path} in container ${entry.name}`,
  });
}

/** stat(2): the file's type as st_mode has it. */
const TYPE_BITS: { readonly [T in TreeStat["type"]]: number } = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};

function pathStat(path: string, found: TreeStat): PathStat {
  const whole = posix.join("/", path);
  return {
    name: posix.basename(whole) || "/",
    size: found.size,
    mode: TYPE_BITS[found.type] | found.mode,
    modified: found.mtime,
    linkTarget: found.type === "symlink" ? posix.resolve(posix.dirname(whole), found.linkTarget) : "",
  };
}

/** The tar's first entry bears the path's last name; `.` at its end asks for what is in the folder. */
async function get(core: Core, entry: Entry, path: string) {
  const files = await openFiles(core, entry);
  try {
    const stat = pathStat(path, await existing(core, entry, files.root, path));
    const name = path.endsWith("/.") || stat.name === "/" ? "." : stat.name;
    const tar = core.trees.read(files.root, path, { name, follow: /\/\.?$/.test(path) });
    tell(core, entry, "archive-path");
    return { stat, tar: releasing(tar, files) };
  } catch (cause) {
    await files[Symbol.asyncDispose]();
    throw cause;
  }
}

/** Lets go of the files when the stream ended, was given up or failed. */
export function releasing(tar: AsyncIterable<Uint8Array>, files: AsyncDisposable): Readable {
  const stream = Readable.from(tar, { objectMode: false });
  stream.once("close", () => files[Symbol.asyncDispose]());
  return stream;
}

async function put(
  core: Core,
  entry: Entry,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  o: { readonly keepDirectories: boolean; readonly chownToUser: boolean },
): Promise<void> {
  await using files = await openFiles(core, entry);
  const found = await existing(core, entry, files.root, `${path}/`);
  if (found.type !== "directory")
    throw new InroError("NOT_A_DIRECTORY", {
      what: `cannot copy to "${path}" in the container "${entry.name}"`,
      why: "extraction point is not a directory",
    });
  const { user, groupAdd } = entry.origin.options;
  // A container that runs as nobody named keeps the tar's owners, as dockerd's does: Compose puts secrets in so.
  const owner = o.chownToUser && user !== null ? { owner: identityIn(files.rootfs, user, groupAdd) } : {};
  try {
    await core.trees.apply(files.root, path, spending(tar), { keepKind: o.keepDirectories, ...owner });
  } catch (cause) {
    const what = `cannot copy to "${path}" in the container "${entry.name}"`;
    throw diskFull(cause, { what, folder: diskOf(core, entry, path) }) ?? cause;
  }
  tell(core, entry, "extract-to-dir");
}

/** What is full when something cannot be written there: a mount of the container's, or the data root. */
function diskOf(core: Core, entry: Entry, path: string): string {
  const within = (target: string) => `${posix.resolve("/", path)}/`.startsWith(`${target}/`);
  const mount = entry.origin.mounts.find(({ type, target }) => type !== "volume" && within(target));
  return mount === undefined ? core.root : mount.source || mount.target;
}
