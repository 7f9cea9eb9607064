import type { Daemon } from "./daemon.ts";

/** A container that a client began to make: what it was told of it, and what must be true of it whatever happens. */
export interface Undertaking {
  readonly name: string;
  readonly code: number;
  readonly output: string;
  /** What it does when nobody ends it: run to its end, or wait to be stopped. */
  readonly ends: boolean;
  readonly volume: string | null;
  /** The furthest that an answer has said. */
  told: "nothing" | "created" | "started" | "ended" | "removed";
  /** Its removal was asked for: it may be gone though nobody was told. */
  leaving: boolean;
}

/** What the clients have begun since the daemon was last started. */
export interface Ledger {
  readonly containers: Undertaking[];
  /** Execs whose start was answered whole, by their ids. */
  readonly execs: Map<string, number>;
  /** Networks and volumes: whether their making was answered, and their removal. */
  readonly networks: Map<string, "asked" | "made" | "leaving" | "gone">;
  readonly volumes: Map<string, "asked" | "made" | "leaving" | "gone">;
  /** Answers of all clients together: a load that did nothing would prove nothing. */
  answers: number;
}

export const newLedger = (): Ledger => ({
  containers: [],
  execs: new Map(),
  networks: new Map(),
  volumes: new Map(),
  answers: 0,
});

const LINES = 40;
const printing = (name: string) => `i=0; while [ $i -lt ${LINES} ]; do echo ${name} $i; i=$((i+1)); done`;
const printed = (name: string) => Array.from({ length: LINES }, (_, n) => `${name} ${n}\n`).join("");

/** Every client does one thing over and over, until the daemon answers no more. */
export interface Load {
  readonly d: Daemon;
  readonly ledger: Ledger;
  /** A container that runs all the time. */
  readonly keeper: string;
  /** Unlike every other's in this run. */
  unique(): number;
}

async function ask({ d, ledger }: Load, method: string, path: string, body?: object): Promise<string> {
  const answer = await d.ask(method, path, body);
  ledger.answers++;
  return answer;
}

async function create(
  load: Load,
  about: Pick<Undertaking, "name" | "code" | "output" | "ends"> & { readonly volume?: string },
  body: object,
): Promise<Undertaking> {
  const made: Undertaking = { volume: null, ...about, told: "nothing", leaving: false };
  load.ledger.containers.push(made);
  await ask(load, "POST", `/containers/create?name=${made.name}`, { Image: "busybox", ...body });
  made.told = "created";
  return made;
}

async function start(load: Load, made: Undertaking): Promise<void> {
  await ask(load, "POST", `/containers/${made.name}/start`);
  made.told = "started";
}

async function end(load: Load, made: Undertaking): Promise<void> {
  const { StatusCode } = JSON.parse(await ask(load, "POST", `/containers/${made.name}/wait`));
  if (StatusCode !== made.code) throw new Error(`${made.name} ended with ${StatusCode}`);
  made.told = "ended";
}

async function remove(load: Load, made: Undertaking, how = ""): Promise<void> {
  made.leaving = true;
  await ask(load, "DELETE", `/containers/${made.name}${how}`);
  made.told = "removed";
}

/** It says its lines and ends with a code of its own. */
async function printer(load: Load): Promise<void> {
  const n = load.unique();
  const [name, code] = [`printer-${n}`, (n % 100) + 1];
  const made = await create(
    load,
    { name, code, output: printed(name), ends: true },
    { Cmd: ["sh", "-c", `${printing(name)}; exit ${code}`], HostConfig: { NetworkMode: "none" } },
  );
  await start(load, made);
  await end(load, made);
  await remove(load, made);
}

/** It goes with its end. */
async function passing(load: Load): Promise<void> {
  const name = `passing-${load.unique()}`;
  const made = await create(
    load,
    { name, code: 0, output: printed(name), ends: true },
    { Cmd: ["sh", "-c", printing(name)], HostConfig: { AutoRemove: true } },
  );
  made.leaving = true;
  const gone = ask(load, "POST", `/containers/${name}/wait?condition=removed`);
  await Promise.all([gone, start(load, made)]);
  made.told = "removed";
}

/** It is stopped, with a published port, in a network of its own. */
async function published(load: Load): Promise<void> {
  const n = load.unique();
  const [name, network] = [`published-${n}`, `net-${n}`];
  const { networks } = load.ledger;
  networks.set(network, "asked");
  await ask(load, "POST", "/networks/create", { Name: network });
  networks.set(network, "made");
  const made = await create(
    load,
    { name, code: 3, output: "ready\n", ends: false },
    {
      Cmd: ["sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"],
      HostConfig: {
        NetworkMode: network,
        PortBindings: { "80/tcp": [{ HostPort: `${20_000 + (n % 20_000)}` }] },
      },
    },
  );
  await start(load, made);
  while (!(await ask(load, "GET", `/containers/${name}/logs?stdout=1`)).includes("ready")) await Bun.sleep(5);
  await ask(load, "POST", `/containers/${name}/stop`);
  await end(load, made);
  await remove(load, made);
  networks.set(network, "leaving");
  await ask(load, "DELETE", `/networks/${network}`);
  networks.set(network, "gone");
}

/** It writes to a volume, and is killed while it runs. */
async function writer(load: Load): Promise<void> {
  const n = load.unique();
  const [name, volume] = [`writer-${n}`, `vol-${n}`];
  const { volumes } = load.ledger;
  volumes.set(volume, "asked");
  await ask(load, "POST", "/volumes/create", { Name: volume });
  volumes.set(volume, "made");
  const made = await create(
    load,
    { name, code: 137, output: "written\n", ends: false, volume },
    {
      Cmd: ["sh", "-c", `echo ${name} >/v/file; echo written; sleep 3600`],
      HostConfig: { Binds: [`${volume}:/v`], Tmpfs: { "/t": "size=1m" } },
    },
  );
  await start(load, made);
  while (!(await ask(load, "GET", `/containers/${name}/logs?stdout=1`)).includes("written"))
    await Bun.sleep(5);
  await remove(load, made, "?force=1");
  volumes.set(volume, "leaving");
  await ask(load, "DELETE", `/volumes/${volume}`);
  volumes.set(volume, "gone");
}

/** A program beside the one that runs all the time. */
async function exec(load: Load): Promise<void> {
  const code = (load.unique() % 100) + 1;
  const wanted = { Cmd: ["sh", "-c", `echo of ${code}; exit ${code}`], AttachStdout: true };
  const { Id } = JSON.parse(await ask(load, "POST", `/containers/${load.keeper}/exec`, wanted));
  const said = await ask(load, "POST", `/exec/${Id}/start`, { Detach: false });
  if (!said.endsWith(`of ${code}\n`)) throw new Error(`an exec said ${JSON.stringify(said)}`);
  load.ledger.execs.set(Id, code);
}

/** Who only looks. */
async function looker(load: Load): Promise<void> {
  await ask(load, "GET", "/containers/json?all=1");
  await ask(load, "GET", `/containers/${load.keeper}/logs?stdout=1&tail=10`);
  await Bun.sleep(20);
}

const CLIENTS = [printer, passing, published, writer, exec, looker];

/** All clients at once, until each of them was told no more. Answers what went wrong while the daemon ran. */
export async function loadUntilKilled(load: Load, isKilled: () => boolean): Promise<string[]> {
  const wrong: string[] = [];
  const client = async (work: (typeof CLIENTS)[number]) => {
    while (!isKilled())
      try {
        await work(load);
      } catch (error) {
        if (isKilled()) return;
        wrong.push(`${work.name}: ${(error as Error).message}`);
        return;
      }
  };
  await Promise.all(CLIENTS.map(client));
  return wrong;
}
