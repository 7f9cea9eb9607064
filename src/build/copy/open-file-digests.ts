import { parseDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { openOrBegin } from "../../platform/sqlite.ts";
import type { FileDigests } from "./file-digests.ts";

const schema = [
  `CREATE TABLE file (identity TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL, kept INTEGER NOT NULL)
   WITHOUT ROWID`,
];

/** Seconds after which a file is read again: what is not asked for any more goes. */
const lifetime = 60 * 24 * 3600;

/** What is known of files' contents, in a file of its own. Where another process holds it, files are read. */
export function openFileDigests(path: string): FileDigests & Disposable {
  const database = openOrBegin(path, schema);
  const now = () => Math.floor(Date.now() / 1000);
  database?.attempt("DELETE FROM file WHERE kept < ?", now() - lifetime);
  return {
    find({ identity, stamp }) {
      const [row] =
        database?.all<{ digest: string }>(
          "SELECT digest FROM file WHERE identity = ? AND stamp = ?",
          identity,
          stamp,
        ) ?? [];
      return row === undefined ? undefined : parseDigest(row.digest);
    },
    keep(files) {
      if (files.length === 0) return;
      try {
        database?.transaction("process", () => {
          for (const { identity, stamp, digest } of files)
            database.run("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", identity, stamp, digest, now());
        });
      } catch (cause) {
        if (!(cause instanceof InroError && cause.code === "NO_SPACE")) throw cause;
      }
    },
    [Symbol.dispose]: () => database?.close(),
  };
}
