import type { AttachmentRecord, Bandwidth, Shaper } from "../network/network.ts";
import type { Digest } from "../oci/digest.ts";
import { InroError, reasonOf } from "../oci/error.ts";
import type { PortRequest } from "../oci/port.ts";
import type { Rootfs } from "../oci/rootfs.ts";
import type { Reserve } from "../platform/reserve.ts";
import { type Database, type Lasting, openDatabase } from "../platform/sqlite.ts";
import type { MountPoint, NetworkDetails, VolumeDetails } from "./engine.ts";
import type { EngineEvent } from "./events.ts";
import type { Health } from "./health/health.ts";
import type { ContainerOptions, EndpointOption, ExecOptions, Resources, RestartPolicy } from "./options.ts";
import type { ContainerState, Timestamp } from "./state.ts";

/** What is settled at `create`, and changes when it is edited, or a volume gets another name. */
export interface ContainerOrigin {
  readonly created: Timestamp;
  readonly imageId: Digest;
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly mounts: readonly MountPoint[];
}

/** What changes while it lives. */
export interface ContainerFortune {
  readonly state: ContainerState;
  readonly startedAt: Timestamp;
  readonly restartCount: number;
  /** Out-of-memory kills in its last run that were told, by the kernel's count. */
  readonly memoryKills: number;
  /** A user ended it: `unless-stopped` lets it rest. */
  readonly stoppedByUser: boolean;
  /** The boot during which it last ran is over: a pid of another boot means nothing. */
  readonly bootId: string;
  /** A start has begun and not ended: a crash now leaves something to clean up, and nobody was told that it runs. */
  readonly starting: boolean;
  /** As its health check saw it last; null without one, and before the first start. */
  readonly health: Health | null;
  /** What it was last started from, for those who find it running. */
  readonly rootfs: Rootfs | null;
  /** Its connections, held from the start until the end was seen. */
  readonly attachments: readonly AttachmentRecord[];
  /** What holds it to its bandwidth, from the start until the end was seen. */
  readonly shaper: Shaper | null;
  /** Once `update` has changed what `create` said; so with the next two. */
  readonly bandwidth: Bandwidth | null;
  readonly resources: Resources | null;
  readonly restart: RestartPolicy | null;
  /** What it is to publish, once that was changed. */
  readonly ports: readonly PortRequest[] | null;
  /** Where it is to be connected, once `network connect` or `disconnect` has changed what `create` said. */
  readonly endpoints: readonly EndpointOption[] | null;
  /** What an edit that has not ended began with: the next engine goes back to it. */
  readonly edit: BeforeEdit | null;
}

export interface BeforeEdit
  extends Pick<
    ContainerFortune,
    "bandwidth" | "resources" | "restart" | "ports" | "endpoints" | "attachments"
  > {
  /** It is stopped and started again on the way. */
  readonly restarts: boolean;
}

/** Of a container that does not run: it holds nothing. */
export const APART = { attachments: [], shaper: null } as const;

export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly origin: ContainerOrigin;
  readonly fortune: ContainerFortune;
}

export interface ExecRecord {
  readonly id: string;
  readonly containerId: string;
  readonly options: ExecOptions;
  /** A look at the container's health: an engine that finds it running ends it. */
  readonly isProbe: boolean;
  readonly pid: number;
  readonly running: boolean;
  readonly exitCode: number | null;
}

/** A row that cannot be read: what it was about is not known, and stays as it is on the disk. */
export interface DamagedRow {
  readonly table: "containers" | "execs" | "volumes" | "networks";
  /** A container's, an exec's or a network's id, a volume's name. */
  readonly key: string;
  readonly why: string;
}

/** What outlives the engine's process. A write has outlived it when the call returns. */
export interface Records {
  readonly engineId: string;
  /** Rows that cannot be read, which are left out elsewhere. */
  damaged(): DamagedRow[];
  /** What SQLite finds wrong with the file itself; empty where nothing is. */
  faults(): string[];
  forget(row: DamagedRow): void;
  containers(): ContainerRecord[];
  /** Together with the volumes that were made for it. */
  addContainer(record: ContainerRecord, volumes: readonly VolumeDetails[]): void;
  updateContainer(id: string, fortune: ContainerFortune, lasting: Lasting): void;
  /** All of it at once, with the volumes that were made for it. NAME_IN_USE. */
  replaceContainer(record: ContainerRecord, volumes: readonly VolumeDetails[]): void;
  renameContainer(id: string, name: string): void;
  /** All of it at once, with its execs, and volumes that go with it. */
  removeContainer(id: string, volumes: readonly string[]): void;
  execs(): ExecRecord[];
  putExec(record: ExecRecord): void;
  removeExec(id: string): void;
  volumes(): VolumeDetails[];
  volume(name: string): VolumeDetails | undefined;
  addVolume(volume: VolumeDetails): void;
  updateVolume(volume: VolumeDetails): void;
  /** Together with what it is called in the containers that use it. */
  renameVolume(
    from: string,
    volume: VolumeDetails,
    users: readonly { readonly id: string; readonly origin: ContainerOrigin }[],
  ): void;
  removeVolume(name: string): void;
  networks(): NetworkDetails[];
  addNetwork(network: NetworkDetails): void;
  removeNetwork(id: string): void;
  /** News: what a full disk has no space for is lost. */
  addEvent(event: EngineEvent): void;
  eventsSince(time: bigint): EngineEvent[];
  close(): void;
}

const SCHEMA: readonly string[] = [
  `CREATE TABLE engine (key TEXT PRIMARY KEY, value TEXT NOT NULL);
   CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, fortune TEXT NOT NULL);
   CREATE TABLE execs (id TEXT PRIMARY KEY, container TEXT NOT NULL, record TEXT NOT NULL);
   CREATE INDEX execs_container ON execs (container);
   CREATE TABLE volumes (name TEXT PRIMARY KEY, record TEXT NOT NULL);
   CREATE TABLE events (number INTEGER PRIMARY KEY, time INTEGER NOT NULL, record TEXT NOT NULL);
   CREATE INDEX events_time ON events (time);
   INSERT INTO engine VALUES ('id', lower(hex(randomblob(16))))`,
  // A container has many connections, where it had one or none.
  `CREATE TABLE networks (id TEXT PRIMARY KEY, record TEXT NOT NULL);
   UPDATE containers SET
     origin = json_set(origin, '$.options.endpoints', json('[]')),
     fortune = json_remove(json_set(fortune, '$.endpoints', NULL, '$.attachments',
       CASE json_type(fortune, '$.network') WHEN 'object'
         THEN json_array(json_set(json_extract(fortune, '$.network'), '$.inside', 'eth0', '$.joined', json('false')))
         ELSE json('[]') END), '$.network')
   WHERE json_valid(origin) AND json_valid(fortune)`,
  `UPDATE containers SET
     origin = json_set(origin, '$.options.bandwidth', json('{"in":null,"out":null}')),
     fortune = json_set(fortune, '$.shaper', NULL, '$.bandwidth', NULL)
   WHERE json_valid(origin) AND json_valid(fortune)`,
  `UPDATE volumes SET record = json_set(record, '$.options', json('{}'), '$.renamedFrom', NULL)
   WHERE json_valid(record)`,
  `UPDATE containers SET fortune = json_set(fortune, '$.memoryKills', 0) WHERE json_valid(fortune)`,
];

/** Events are news, not history: the oldest go when there are more than this. */
const EVENTS_KEPT = 10_000;
const EVENTS_SLACK = 1_000;

/** Holds the data root: ENGINE_RUNNING when another engine does. What cannot be written for want of space is NO_SPACE. */
export function openRecords(path: string, reserve?: Reserve): Records {
  const database = openDatabase(path, SCHEMA, reserve);
  if (database === undefined)
    throw new InroError("ENGINE_RUNNING", {
      what: `cannot open "${path}"`,
      why: "another engine runs on this data root",
      hint: "use that engine, or another --data-root",
      at: "--data-root",
    });
  return {
    engineId: database.all<{ value: string }>("SELECT value FROM engine WHERE key = 'id'")[0]?.value ?? "",
    damaged: () => damagedRows(database),
    faults: () =>
      database
        .all<{ quick_check: string }>("PRAGMA quick_check(20)")
        .map((row) => row.quick_check)
        .filter((line) => line !== "ok"),
    forget: ({ table, key }) => database.run(`DELETE FROM ${table} WHERE ${keyOf[table]} = ?`, key),
    ...containerTable(database),
    ...execTable(database),
    ...volumeTable(database),
    ...networkTable(database),
    ...eventTable(database),
    close: () => database.close(),
  };
}

const keyOf = { containers: "id", execs: "id", volumes: "name", networks: "id" } as const;

/** The rows that can be read. */
function readable<Row, Value>(rows: readonly Row[], read: (row: Row) => Value): Value[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch {
      return [];
    }
  });
}

/** A JSON object with these members, which is all that is looked at: the rest was checked when it was written. */
function parse<Value>(text: unknown, members: readonly (keyof Value & string)[]): Value {
  const value: unknown = JSON.parse(String(text));
  if (value === null || typeof value !== "object") throw new Error("it is no object");
  const missing = members.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new Error(`it has no "${missing}"`);
  return value as Value;
}

interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly fortune: string;
}

const readContainer = ({ id, name, origin, fortune }: ContainerRow): ContainerRecord => ({
  id,
  name,
  origin: parse<ContainerOrigin>(origin, ["imageId", "options", "arguments", "mounts"]),
  fortune: parse<ContainerFortune>(fortune, ["state", "starting", "bootId", "attachments"]),
});
const readExec = (text: string) => parse<ExecRecord>(text, ["id", "containerId", "options"]);
const readNetwork = (text: string) => parse<NetworkDetails>(text, ["id", "name", "settled"]);
const readVolume = (text: string) => parse<VolumeDetails>(text, ["name", "mountpoint", "labels", "options"]);

function damagedRows(database: Database): DamagedRow[] {
  const found: DamagedRow[] = [];
  const look = (table: DamagedRow["table"], key: string, read: () => unknown) => {
    try {
      read();
    } catch (error) {
      found.push({ table, key, why: reasonOf(error) });
    }
  };
  for (const row of database.all<ContainerRow>("SELECT * FROM containers"))
    look("containers", row.id, () => readContainer(row));
  for (const { id, record } of database.all<{ id: string; record: string }>("SELECT id, record FROM execs"))
    look("execs", id, () => readExec(record));
  for (const { name, record } of database.all<{ name: string; record: string }>("SELECT * FROM volumes"))
    look("volumes", name, () => readVolume(record));
  for (const { id, record } of database.all<{ id: string; record: string }>("SELECT * FROM networks"))
    look("networks", id, () => readNetwork(record));
  return found;
}

function containerTable(database: Database) {
  const encode = JSON.stringify;
  const addVolumes = (volumes: readonly VolumeDetails[]) => {
    for (const volume of volumes)
      database.run("INSERT INTO volumes VALUES (?, ?)", volume.name, encode(volume));
  };
  return {
    containers: () => readable(database.all<ContainerRow>("SELECT * FROM containers"), readContainer),
    addContainer: ({ id, name, origin, fortune }: ContainerRecord, volumes: readonly VolumeDetails[]) =>
      // A container that goes with its end need not outlive the machine.
      database.transaction(origin.options.autoRemove ? "process" : "machine", () => {
        addVolumes(volumes);
        unique(name, () =>
          database.run(
            "INSERT INTO containers VALUES (?, ?, ?, ?)",
            id,
            name,
            encode(origin),
            encode(fortune),
          ),
        );
      }),
    updateContainer: (id: string, fortune: ContainerFortune, lasting: Lasting) =>
      database.transaction(lasting, () =>
        database.run("UPDATE containers SET fortune = ? WHERE id = ?", encode(fortune), id),
      ),
    replaceContainer: ({ id, name, origin, fortune }: ContainerRecord, volumes: readonly VolumeDetails[]) =>
      database.transaction("machine", () => {
        addVolumes(volumes);
        const update = "UPDATE containers SET name = ?, origin = ?, fortune = ? WHERE id = ?";
        unique(name, () => database.run(update, name, encode(origin), encode(fortune), id));
      }),
    renameContainer: (id: string, name: string) =>
      database.transaction("machine", () =>
        unique(name, () => database.run("UPDATE containers SET name = ? WHERE id = ?", name, id)),
      ),
    removeContainer: (id: string, volumes: readonly string[]) =>
      database.transaction("process", () => {
        for (const name of volumes) database.run("DELETE FROM volumes WHERE name = ?", name);
        database.run("DELETE FROM execs WHERE container = ?", id);
        database.run("DELETE FROM containers WHERE id = ?", id);
      }),
  };
}

function unique(name: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    if (!String(cause).includes("UNIQUE")) throw cause;
    throw new InroError("NAME_IN_USE", {
      what: `cannot name a container "${name}"`,
      why: "another one has that name",
      hint: "choose another name, or remove or rename that container",
      at: "--name",
      cause,
    });
  }
}

function execTable(database: Database) {
  return {
    execs: () =>
      readable(database.all<{ record: string }>("SELECT record FROM execs ORDER BY rowid"), ({ record }) =>
        readExec(record),
      ),
    putExec: (record: ExecRecord) =>
      database.run(
        "INSERT OR REPLACE INTO execs VALUES (?, ?, ?)",
        record.id,
        record.containerId,
        JSON.stringify(record),
      ),
    removeExec: (id: string) => database.run("DELETE FROM execs WHERE id = ?", id),
  };
}

function volumeTable(database: Database) {
  return {
    volumes: () =>
      readable(database.all<{ record: string }>("SELECT record FROM volumes"), ({ record }) =>
        readVolume(record),
      ),
    volume: (name: string) => {
      const rows = database.all<{ record: string }>("SELECT record FROM volumes WHERE name = ?", name);
      return readable(rows, ({ record }) => readVolume(record))[0];
    },
    addVolume: (volume: VolumeDetails) =>
      database.transaction("machine", () =>
        database.run("INSERT INTO volumes VALUES (?, ?)", volume.name, JSON.stringify(volume)),
      ),
    updateVolume: (volume: VolumeDetails) =>
      database.run("UPDATE volumes SET record = ? WHERE name = ?", JSON.stringify(volume), volume.name),
    renameVolume: (from: string, volume: VolumeDetails, users: Parameters<Records["renameVolume"]>[2]) =>
      database.transaction("machine", () => {
        const row = [volume.name, JSON.stringify(volume), from] as const;
        database.run("UPDATE volumes SET name = ?, record = ? WHERE name = ?", ...row);
        for (const { id, origin } of users)
          database.run("UPDATE containers SET origin = ? WHERE id = ?", JSON.stringify(origin), id);
      }),
    removeVolume: (name: string) => database.run("DELETE FROM volumes WHERE name = ?", name),
  };
}

function networkTable(database: Database) {
  return {
    networks: () =>
      readable(database.all<{ record: string }>("SELECT record FROM networks ORDER BY rowid"), ({ record }) =>
        readNetwork(record),
      ),
    addNetwork: (network: NetworkDetails) =>
      database.transaction("machine", () =>
        database.run("INSERT INTO networks VALUES (?, ?)", network.id, JSON.stringify(network)),
      ),
    removeNetwork: (id: string) => database.run("DELETE FROM networks WHERE id = ?", id),
  };
}

function eventTable(database: Database) {
  let untilTrim = 0;
  return {
    addEvent: (event: EngineEvent) => {
      const insert = "INSERT INTO events (time, record) VALUES (?, ?)";
      if (!database.attempt(insert, event.time, encodeEvent(event)) || untilTrim-- > 0) return;
      untilTrim = EVENTS_SLACK;
      const trim = "DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?";
      database.attempt(trim, EVENTS_KEPT);
    },
    eventsSince: (time: bigint) =>
      readable(
        database.all<{ record: string }>("SELECT record FROM events WHERE time >= ? ORDER BY number", time),
        (row) => decodeEvent(row.record),
      ),
  };
}

function encodeEvent(event: EngineEvent): string {
  return JSON.stringify({ ...event, time: event.time.toString() });
}

function decodeEvent(text: string): EngineEvent {
  const event = JSON.parse(text) as Omit<EngineEvent, "time"> & { readonly time: string };
  return { ...event, time: BigInt(event.time) };
}
