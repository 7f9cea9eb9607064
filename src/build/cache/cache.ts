/**
 * What steps have made: a record for each key, which stands for everything that the step depends on, of the one layer
 * that it laid upon what was below it. The layers themselves are the image store's, which keeps those that are recorded
 * here; a record whose layers are gone is none.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { KeptLayer } from "../../image/images.ts";
import { type Digest, digestOf, parseDigest } from "../../oci/digest.ts";
import type { Reserve } from "../../platform/reserve.ts";
import { openOrBegin } from "../../platform/sqlite.ts";

/** All that a step's result depends on, part by part: plain data, the same for the same step wherever it is built. */
export type KeyParts = Readonly<Record<string, unknown>>;

/** Of plain layers, `digest` is the diffID. */
export interface CacheEntry {
  readonly key: Digest;
  readonly parts: KeyParts;
  /** What people call it: the instruction. */
  readonly text: string;
  readonly kind: "run" | "copy" | "folder";
  /** The layer, the bytes of its tar, and those of its files; null: it changed nothing. */
  readonly layer: {
    readonly diffId: Digest;
    readonly chainId: Digest;
    readonly size: number;
    readonly bytes: number;
  } | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly uses: number;
}

export interface Cache {
  /** A use of it is counted. */
  find(key: Digest): CacheEntry | undefined;
  /** The last one of the same instruction, for saying what is different now. */
  lastOf(text: string): CacheEntry | undefined;
  put(entry: Pick<CacheEntry, "key" | "parts" | "text" | "kind" | "layer" | "createdAt">): void;
  remove(keys: readonly Digest[]): void;
  /** What was found out of something that stays as it is, by a key that stands for it: a digest. */
  fact(key: Digest): Digest | undefined;
  learn(key: Digest, fact: Digest): void;
  /** What was found out and not asked for since then, in milliseconds since 1970, is forgotten. */
  forget(before: number): void;
  /** Those used last come first. */
  list(): readonly CacheEntry[];
  /** Of the files of all layers. */
  bytes(): number;
  /** Their layers, which stay. */
  kept(): readonly KeptLayer[];
  close(): void;
}

/** The key of a step. Where a part is another, the key is. */
export const keyOf = (parts: KeyParts): Digest => digestOf(JSON.stringify(parts));

const schema = `
  CREATE TABLE steps (
    key TEXT PRIMARY KEY,
    parts TEXT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    diff_id TEXT,
    chain_id TEXT,
    size INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    uses INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX steps_by_text ON steps (text, used_at);
  CREATE TABLE facts (key TEXT PRIMARY KEY, fact TEXT NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;`;

interface Row {
  readonly key: string;
  readonly parts: string;
  readonly text: string;
  readonly kind: CacheEntry["kind"];
  readonly diff_id: string | null;
  readonly chain_id: string | null;
  readonly size: number;
  readonly bytes: number;
  readonly created_at: number;
  readonly used_at: number;
  readonly uses: number;
}

const entryOf = (row: Row): CacheEntry => ({
  key: parseDigest(row.key),
  parts: JSON.parse(row.parts) as KeyParts,
  text: row.text,
  kind: row.kind,
  layer:
    row.diff_id === null || row.chain_id === null
      ? null
      : {
          ...{ diffId: parseDigest(row.diff_id), chainId: parseDigest(row.chain_id) },
          ...{ size: row.size, bytes: row.bytes },
        },
  createdAt: row.created_at,
  usedAt: row.used_at,
  uses: row.uses,
});

/**
 * Opens the records in a folder, which whoever opens it holds alone by then. A file that is damaged is begun anew: what is
 * lost is time.
 */
export function openCache(folder: string, reserve: Reserve): Cache {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "cache.db");
  const database = openOrBegin(path, [schema], reserve);
  if (database === undefined) throw new Error(`${path} is held by another process`);
  return {
    find(key) {
      const [row] = database.all<Row>("SELECT * FROM steps WHERE key = ?", key);
      if (row === undefined) return undefined;
      database.attempt("UPDATE steps SET used_at = ?, uses = uses + 1 WHERE key = ?", Date.now(), key);
      return entryOf(row);
    },
    lastOf(text) {
      const [row] = database.all<Row>(
        "SELECT * FROM steps WHERE text = ? ORDER BY used_at DESC LIMIT 1",
        text,
      );
      return row === undefined ? undefined : entryOf(row);
    },
    put({ key, parts, text, kind, layer, createdAt }) {
      database.run(
        "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        ...[key, JSON.stringify(parts), text, kind, layer?.diffId ?? null, layer?.chainId ?? null],
        ...[layer?.size ?? 0, layer?.bytes ?? 0, createdAt, Date.now()],
      );
    },
    remove: (keys) =>
      database.transaction("process", () => {
        for (const key of keys) database.run("DELETE FROM steps WHERE key = ?", key);
      }),
    fact(key) {
      const [row] = database.all<{ readonly fact: string }>("SELECT fact FROM facts WHERE key = ?", key);
      if (row === undefined) return undefined;
      database.attempt("UPDATE facts SET used_at = ? WHERE key = ?", Date.now(), key);
      return parseDigest(row.fact);
    },
    learn: (key, fact) =>
      void database.attempt("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", key, fact, Date.now()),
    forget: (before) => void database.attempt("DELETE FROM facts WHERE used_at < ?", before),
    list: () => database.all<Row>("SELECT * FROM steps ORDER BY used_at DESC").map(entryOf),
    bytes: () =>
      database.all<{ readonly bytes: number | null }>("SELECT SUM(bytes) AS bytes FROM steps")[0]?.bytes ?? 0,
    kept: () =>
      database
        .all<Pick<Row, "diff_id" | "chain_id">>(
          "SELECT DISTINCT diff_id, chain_id FROM steps WHERE diff_id IS NOT NULL",
        )
        .map(({ diff_id, chain_id }) => ({
          diffId: parseDigest(diff_id ?? ""),
          chainId: parseDigest(chain_id ?? ""),
        })),
    close: () => database.close(),
  };
}
