import { Database as BunDatabase, type SQLQueryBindings } from "bun:sqlite";

/** A value that a column holds. */
export type SqlValue = string | number | bigint | null;

/** The little of SQLite that the engine needs; WAL, one writer. */
export interface Database {
  run(sql: string, ...values: readonly SqlValue[]): void;
  all<Row>(sql: string, ...values: readonly SqlValue[]): Row[];
  /**
   * All or nothing. What it wrote outlives this process when the call returns; with `durable` it is synced and
   * outlives the machine (SQLite, "PRAGMA synchronous": NORMAL in WAL mode may lose the last commits on power loss).
   */
  transaction<T>(durable: "process" | "machine", work: () => T): T;
  close(): void;
}

/** Opens or makes a database file. `migrations[n]` leads from schema version n to n + 1. */
export function openDatabase(path: string, migrations: readonly string[]): Database {
  const inner = new BunDatabase(path, { create: true, strict: true });
  inner.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;");
  const prepared = new Map<string, ReturnType<typeof inner.prepare>>();
  const prepare = (sql: string) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = inner.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  const database: Database = {
    run: (sql, ...values) => {
      prepare(sql).run(...(values as SQLQueryBindings[]));
    },
    all: <Row>(sql: string, ...values: readonly SqlValue[]) =>
      prepare(sql).all(...(values as SQLQueryBindings[])) as Row[],
    transaction: (durable, work) => {
      if (durable === "machine") inner.exec("PRAGMA synchronous = FULL");
      try {
        return inner.transaction(work).immediate();
      } finally {
        if (durable === "machine") inner.exec("PRAGMA synchronous = NORMAL");
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

function migrate(inner: BunDatabase, migrations: readonly string[], path: string): void {
  const row = inner.query("PRAGMA user_version").get() as { user_version: number };
  if (row.user_version > migrations.length)
    throw new Error(
      `${path} was written by a newer version (schema ${row.user_version}, known: ${migrations.length})`,
    );
  for (const [version, script] of migrations.entries())
    if (version >= row.user_version)
      inner.transaction(() => inner.exec(`${script}; PRAGMA user_version = ${version + 1}`)).immediate();
}
