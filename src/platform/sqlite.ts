import { Database as BunDatabase, type SQLQueryBindings } from "bun:sqlite";
import { closeSync, openSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { InroError } from "../oci/error.ts";
import { diskFull } from "./disk-full.ts";
import type { Reserve } from "./reserve.ts";

/** A value that a column holds. */
export type SqlValue = string | number | bigint | null;

/**
 * What a write outlives: this process, or the whole machine (synced). SQLite, "PRAGMA synchronous": NORMAL in WAL mode
 * may lose the last commits on power loss, and nothing when only the process ends.
 */
export type Lasting = "process" | "machine";

/** The little of SQLite that the engine needs; WAL, one writer. A write that the disk has no space for throws NO_SPACE. */
export interface Database {
  run(sql: string, ...values: readonly SqlValue[]): void;
  /** A write that is worth nothing when it is late: false where the disk is full. */
  attempt(sql: string, ...values: readonly SqlValue[]): boolean;
  all<Row>(sql: string, ...values: readonly SqlValue[]): Row[];
  /** All or nothing; done, in the sense of `lasting`, when the call returns. */
  transaction<T>(lasting: Lasting, work: () => T): T;
  close(): void;
}

/**
 * Opens or makes a database file, for this process alone until it is closed or the process ends: undefined when
 * another process holds it. `migrations[n]` leads from schema version n to n + 1. A full disk is written to once more
 * after the reserve was given up.
 */
export function openDatabase(
  path: string,
  migrations: readonly string[],
  reserve?: Reserve,
): Database | undefined {
  // Root's alone: SQLite gives its other files the mode of this one.
  closeSync(openSync(path, "a", 0o600));
  const inner = new BunDatabase(path, { create: true, strict: true });
  if (!hold(inner, path)) return undefined;
  const prepared = new Map<string, ReturnType<typeof inner.prepare>>();
  const prepare = (sql: string) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = inner.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  const refusal = (cause: unknown) =>
    diskFull(cause, { what: `cannot write ${basename(path)}`, folder: dirname(path) });
  const withSpace = <T>(write: () => T): T => {
    try {
      return write();
    } catch (cause) {
      const refused = refusal(cause);
      if (refused === undefined) throw cause;
      if (reserve?.give()) return withSpace(write);
      throw refused;
    }
  };
  const run = (sql: string, values: readonly SqlValue[]) => {
    prepare(sql).run(...(values as SQLQueryBindings[]));
  };
  const database: Database = {
    // Within a transaction it is the whole of it that is tried again.
    run: (sql, ...values) => (inner.inTransaction ? run(sql, values) : withSpace(() => run(sql, values))),
    attempt: (sql, ...values) => {
      try {
        run(sql, values);
        return true;
      } catch (cause) {
        if (refusal(cause) === undefined) throw cause;
        return false;
      }
    },
    all: <Row>(sql: string, ...values: readonly SqlValue[]) =>
      prepare(sql).all(...(values as SQLQueryBindings[])) as Row[],
    transaction: (lasting, work) => {
      if (lasting === "machine") inner.exec("PRAGMA synchronous = FULL");
      try {
        return withSpace(() => inner.transaction(work).immediate());
      } finally {
        if (lasting === "machine") inner.exec("PRAGMA synchronous = NORMAL");
      }
    },
    close: () => {
      for (const statement of prepared.values()) statement.finalize();
      inner.close(false);
    },
  };
  migrate(inner, migrations, path);
  return database;
}

/** The same for what can be found out again: a file that is damaged is begun anew, and what is lost is time. */
export function openOrBegin(...[path, ...rest]: Parameters<typeof openDatabase>): Database | undefined {
  try {
    return openDatabase(path, ...rest);
  } catch (cause) {
    if (!(cause instanceof InroError && cause.code === "DATABASE_DAMAGED")) throw cause;
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    return openDatabase(path, ...rest);
  }
}

/** SQLite, "PRAGMA locking_mode": the lock is taken by the first write and never given back; WAL then needs no shared memory. */
function hold(inner: BunDatabase, path: string): boolean {
  try {
    inner.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    inner.exec("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT;");
    return true;
  } catch (cause) {
    inner.close(false);
    if (/locked|busy/i.test(String(cause))) return false;
    const { code = "" } = cause as { readonly code?: string };
    if (!/^SQLITE_(NOTADB|CORRUPT)/.test(code)) throw cause;
    throw new InroError("DATABASE_DAMAGED", {
      what: `cannot read the database ${path}`,
      why: `it is damaged: ${(cause as Error).message}`,
      hint: "put a copy of it back, or move it away with its -wal and -shm to begin without containers, networks and volumes",
      cause,
    });
  }
}

function migrate(inner: BunDatabase, migrations: readonly string[], path: string): void {
  const { user_version: version } = inner.query("PRAGMA user_version").get() as { user_version: number };
  if (version > migrations.length) {
    inner.close(false);
    throw new InroError("DATABASE_NEWER", {
      what: `cannot use the database ${path}`,
      why: `a newer version of inro has written it: its schema is ${version}, and this one knows ${migrations.length}`,
      hint: "start that version; nothing was changed",
    });
  }
  if (version === migrations.length) return;
  // All or nothing: after one that fails the version before can still be started.
  const scripts = [...migrations.slice(version), `PRAGMA user_version = ${migrations.length}`];
  inner.transaction(() => inner.exec(scripts.join(";\n"))).immediate();
}
