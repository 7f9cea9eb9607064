import { at, type Client } from "../../client/client.ts";
import { each } from "../each.ts";
import { flag, text } from "../options/option.ts";
import { binarySize, decimalSize, shortId } from "../print/human.ts";
import { type Listing, listing, type Row } from "../print/listing.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export const stats = verb({
  usage: "[OPTIONS] [CONTAINER...]",
  options: {
    all: flag("Those that do not run, too", { short: "a" }),
    "no-stream": flag("Once, not live"),
    "no-trunc": flag("Ids in full"),
    format: text("TEMPLATE", "table, json, or a Go template: '{{.Name}} {{.CPUPerc}}'"),
  },
  args: [0, ANY],
  async run({ client }, { options, args }) {
    const full = options["no-trunc"];
    if (options["no-stream"]) {
      const names = args.length > 0 ? args : await namesOf(client, options.all);
      const rows: Row[] = [];
      const status = await each(names, async (name) => {
        const query = { stream: "0" };
        const sample = await client.json<Sample>({
          method: "GET",
          path: at`/containers/${name}/stats`,
          query,
        });
        rows.push(row(sample, full));
      });
      if (status === 0 || rows.length > 0) out(listing(spec, rows, { format: options.format, quiet: false }));
      return status;
    }
    return live(client, args, { ...options, full });
  },
});

interface Live {
  readonly all: boolean;
  readonly full: boolean;
  readonly format: string | undefined;
}

const INTERVAL = 500;

/** Every container's stream goes on by itself; the screen is drawn anew twice a second. */
async function live(client: Client, args: readonly string[], options: Live): Promise<number> {
  const latest = new Map<string, Row | undefined>();
  const follow = async (name: string) => {
    const path = at`/containers/${name}/stats`;
    for await (const sample of client.values<Sample>({ method: "GET", path, query: { stream: true } }))
      latest.set(name, row(sample, options.full));
  };
  const failures: unknown[] = [];
  const look = async () => {
    const names = args.length > 0 ? args : await namesOf(client, options.all);
    for (const name of names) {
      if (latest.has(name)) continue;
      latest.set(name, undefined);
      void follow(name)
        .catch((error) => failures.push(error))
        .finally(() => latest.delete(name));
    }
    for (const name of latest.keys()) if (!names.includes(name)) latest.delete(name);
  };
  for (;;) {
    await look();
    await Bun.sleep(INTERVAL);
    if (args.length > 0 && failures.length > 0) throw failures[0];
    const rows = [...latest.values()].filter((one) => one !== undefined);
    const screen = listing(spec, rows, { format: options.format, quiet: false });
    out(isTerminal(1) ? `\x1b[H${screen.replaceAll("\n", "\x1b[K\n")}\x1b[J` : screen);
  }
}

async function namesOf(client: Client, all: boolean): Promise<string[]> {
  const found = await client.json<readonly { Id: string }[]>({
    method: "GET",
    path: "/containers/json",
    query: { all },
  });
  return found.map(({ Id }) => Id);
}

interface Cpu {
  readonly cpu_usage: { readonly total_usage: number };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

interface Sample {
  readonly id: string;
  readonly name: string;
  readonly cpu_stats: Cpu;
  readonly precpu_stats: Cpu;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats: { readonly current?: number };
  readonly networks?: Readonly<
    Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>
  > | null;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { op: string; value: number }[] | null;
  };
}

const spec: Listing = {
  quiet: "ID",
  columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
  titles: {
    ID: "CONTAINER ID",
    Container: "CONTAINER",
    Name: "NAME",
    CPUPerc: "CPU %",
    MemUsage: "MEM USAGE / LIMIT",
    MemPerc: "MEM %",
    NetIO: "NET I/O",
    BlockIO: "BLOCK I/O",
    PIDs: "PIDS",
  },
};

function row(sample: Sample, full: boolean): Row {
  const used = memoryUsed(sample);
  const limit = sample.memory_stats.limit ?? 0;
  const networks = Object.values(sample.networks ?? {});
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const io = (op: string) =>
    sum(
      (sample.blkio_stats?.io_service_bytes_recursive ?? [])
        .filter((entry) => entry.op.toLowerCase() === op)
        .map(({ value }) => value),
    );
  const received = decimalSize(sum(networks.map(({ rx_bytes }) => rx_bytes)));
  const sent = decimalSize(sum(networks.map(({ tx_bytes }) => tx_bytes)));
  const id = full ? sample.id : shortId(sample.id);
  return {
    BlockIO: `${decimalSize(io("read"))} / ${decimalSize(io("write"))}`,
    CPUPerc: `${cpuPercent(sample).toFixed(2)}%`,
    Container: id,
    ID: id,
    MemPerc: `${(limit > 0 ? (used / limit) * 100 : 0).toFixed(2)}%`,
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    Name: sample.name.replace(/^\//, ""),
    NetIO: `${received} / ${sent}`,
    PIDs: String(sample.pids_stats.current ?? 0),
  };
}

/** Of one processor: 200 % are two processors busy. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * (now.online_cpus ?? 1) * 100 : 0;
}

/** Without the page cache that the kernel can drop at any time, as Docker counts (cgroup v1, then v2). */
function memoryUsed({ memory_stats: { usage = 0, stats = {} } }: Sample): number {
  const inactive = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}
