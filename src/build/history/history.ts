/**
 * What builds have told, kept: a folder for each, with a record of it and its log, a JSON line for each event as it came.
 * Written as it comes and never held; the oldest go.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../../oci/error.ts";
import type { Tell } from "../progress.ts";
import { followed, type Growing, growing } from "./follow.ts";
import { recordingIn } from "./recording.ts";

export interface BuildRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
  /** Null: it goes on. */
  readonly endedAt: number | null;
  /** `lost`: the engine ended before it did. */
  readonly state: "running" | "done" | "failed" | "canceled" | "lost";
  readonly dockerfile: string;
  /** The folder, the URL; empty for what was sent. */
  readonly context: string;
  readonly target: string | null;
  readonly names: readonly string[];
  /** Empty where there is none. */
  readonly image: string;
  /** What went wrong, in a sentence; else empty. */
  readonly error: string;
  readonly steps: { readonly done: number; readonly cached: number };
}

export type BuildAbout = Pick<BuildRecord, "id" | "dockerfile" | "context" | "target" | "names">;

export type BuildEnd = Pick<BuildRecord, "image" | "error"> & {
  readonly state: "done" | "failed" | "canceled";
};

export interface Recording {
  readonly tell: Tell;
  end(end: BuildEnd): void;
}

export interface History {
  begin(about: BuildAbout): Recording;
  /** The latest first. */
  list(): readonly BuildRecord[];
  /** By id or the beginning of one. NO_SUCH_BUILD, AMBIGUOUS_ID. */
  find(id: string): BuildRecord;
  /** The path of its log. */
  logOf(record: BuildRecord): string;
  /** All of its log from the beginning; of a build that goes on also what comes, until it ends or the signal is aborted. */
  follow(record: BuildRecord, signal: AbortSignal): AsyncGenerator<Uint8Array>;
}

export interface Bounds {
  readonly builds: number;
  readonly bytes: number;
}

export const BOUNDS: Bounds = { builds: 100, bytes: 256 * 1024 * 1024 };

const ENDED: Growing = { isOver: () => true, next: async () => {} };

const RECORD = "build.json";
const LOG = "log";

/** Opens what is kept in a folder; what is said there to go on has ended with the engine before this one. */
export function openHistory(folder: string, bounds: Bounds = BOUNDS): History {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  /** What is in the files, which nobody else writes; and the bytes of the logs of those that have ended. */
  const records = new Map<string, BuildRecord>();
  const sizes = new Map<string, number>();
  const underWay = new Map<string, Growing>();
  const write = (record: BuildRecord) => {
    const path = join(folder, record.id, RECORD);
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    records.set(record.id, record);
  };
  const remove = (id: string) => {
    records.delete(id);
    sizes.delete(id);
    rmSync(join(folder, id), { recursive: true, force: true });
  };
  const list = () => [...records.values()].reverse().sort((a, b) => b.begunAt - a.begunAt);
  const bound = () => {
    let bytes = 0;
    for (const [number, { id, state }] of list().entries()) {
      bytes += sizes.get(id) ?? 0;
      if (state !== "running" && (number >= bounds.builds || bytes > bounds.bytes)) remove(id);
    }
  };
  for (const id of readdirSync(folder)) {
    const record = recordIn(folder, id);
    if (record === undefined) {
      remove(id);
      continue;
    }
    records.set(id, record);
    sizes.set(id, statSync(join(folder, id, LOG), { throwIfNoEntry: false })?.size ?? 0);
    if (record.state !== "running") continue;
    unlessFull(
      () => write({ ...record, state: "lost", endedAt: record.begunAt }),
      () => remove(id),
    );
  }

  return {
    begin(about) {
      const fresh = { ...about, begunAt: Date.now(), endedAt: null, image: "", error: "" } as const;
      const gone = () => remove(about.id);
      const growth = growing();
      const recording = unlessFull(() => {
        mkdirSync(join(folder, about.id), { mode: 0o700 });
        write({ ...fresh, state: "running", steps: { done: 0, cached: 0 } });
        return recordingIn(join(folder, about.id, LOG), bounds.bytes / 4, growth.grown);
      }, gone);
      if (recording === undefined) return { tell() {}, end() {} };
      underWay.set(about.id, growth);
      return {
        tell: recording.tell,
        end(end) {
          const { steps, bytes } = recording.close();
          sizes.set(about.id, bytes);
          unlessFull(() => write({ ...fresh, ...end, endedAt: Date.now(), steps }), gone);
          underWay.delete(about.id);
          growth.end();
          bound();
        },
      };
    },
    list,
    find(id) {
      const found = list().filter((record) => id !== "" && record.id.startsWith(id));
      const [record] = found;
      if (record !== undefined && found.length === 1) return record;
      const what = `cannot tell which build "${id}" is`;
      if (found.length > 1)
        throw new InroError("AMBIGUOUS_ID", { what, why: `${found.length} ids begin with it` });
      throw new InroError("NO_SUCH_BUILD", {
        ...{ what, why: "no build of that id is kept", hint: "inro builder ls shows those that are" },
      });
    },
    logOf: ({ id }) => join(folder, id, LOG),
    follow: ({ id }, signal) => followed(join(folder, id, LOG), underWay.get(id) ?? ENDED, signal),
  };
}

/** What cannot be written down is no reason to end a build: then it is not kept. */
function unlessFull<T>(work: () => T, otherwise: () => void): T | undefined {
  try {
    return work();
  } catch {
    otherwise();
    return undefined;
  }
}

function recordIn(folder: string, id: string): BuildRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, id, RECORD), "utf8")) as BuildRecord;
  } catch {
    return undefined;
  }
}
