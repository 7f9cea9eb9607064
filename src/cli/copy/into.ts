import { lstatSync, type Stats, statSync } from "node:fs";
import { basename, posix, resolve } from "node:path";
import { at, type Client } from "../../client/client.ts";
import { type CopyOptions, contentOnly } from "./out-of.ts";
import { packPath } from "./pack.ts";
import { absolute, followed, isDirectory, type PathStat } from "./stat.ts";

/** From this machine into a container; `-` reads a tar from standard input. */
export async function copyInto(
  client: Client,
  from: string,
  to: { container: string; path: string },
  options: CopyOptions,
): Promise<void> {
  const { path, stat } = await followed(client, to.container, absolute(to.path));
  const put = (folder: string, stream: AsyncIterable<Uint8Array>) =>
    client.send({
      method: "PUT",
      path: at`/containers/${to.container}/archive`,
      query: { path: folder, noOverwriteDirNonDir: true, copyUIDGID: options.archive },
      headers: { "content-type": "application/x-tar" },
      stream,
    });
  if (from === "-") {
    if (stat === undefined || !isDirectory(stat))
      throw new Error(`cannot unpack into "${to.path}": it is not a folder of the container`);
    await put(path, process.stdin);
    return;
  }
  const source = sourceStat(from, options.followLink);
  const place = target(path, stat, {
    from,
    isFolder: source.isDirectory(),
    endsInSlash: /\/$/.test(to.path),
  });
  await put(
    place.folder,
    packPath(from, { name: place.name, followTop: options.followLink || /\/\.?$/.test(from) }),
  );
}

function sourceStat(path: string, follow: boolean): Stats {
  const stat = (follow || path.endsWith("/") ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Error(`cannot copy "${path}": there is no such file or folder`);
  return stat;
}

interface Source {
  readonly from: string;
  readonly isFolder: boolean;
  readonly endsInSlash: boolean;
}

/** Docker's rules for where it lands (docker cp, "SRC_PATH and DEST_PATH"). */
function target(path: string, stat: PathStat | undefined, source: Source): { folder: string; name: string } {
  const clean = posix.normalize(path).replace(/(.)\/$/, "$1");
  const parent = { folder: posix.dirname(clean), name: posix.basename(clean) };
  if (stat === undefined) {
    if (!source.isFolder && source.endsInSlash)
      throw new Error(`cannot copy to "${path}": the container has no such folder`);
    return parent;
  }
  if (isDirectory(stat))
    return { folder: clean, name: contentOnly(source.from) ? "." : basename(resolve(source.from)) };
  if (source.isFolder) throw new Error(`cannot copy a folder to "${path}": it is a file`);
  if (source.endsInSlash) throw new Error(`cannot copy to "${path}": it is not a folder`);
  return parent;
}
