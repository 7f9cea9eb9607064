import { join } from "node:path";
import { dockerWithoutProxy } from "../contenders/docker.ts";
import type { Engine } from "../contenders/engine.ts";
import { finish } from "../programs.ts";
import { rotated } from "../sample.ts";
import type { Row } from "../table.ts";
import { bareBridge, compileTraffic, engineThere, type Place, PORT } from "./places.ts";

/** So much two measurements of the very same thing differ. */
const NOISE = 1.05;
const PEERS = ["docker", "docker, no proxy", "podman"];
const BARE = "bare pair and bridge";

interface Way {
  readonly work: string;
  /** Frames that stay on a bridge are shown to the rules, and so to connection tracking, too (br_netfilter). */
  readonly filtered: boolean;
  readonly from: (place: Place) => readonly string[];
  /** Address and port; without published ports the container's own. */
  readonly to: (place: Place) => string;
  readonly against: string | readonly string[];
}

const ways: readonly Way[] = [
  {
    work: "host → a published port on 127.0.0.1",
    filtered: false,
    from: ({ host }) => host,
    to: ({ published, address }) => published?.loopback ?? `${address} ${PORT}`,
    against: PEERS,
  },
  {
    work: "host → a published port on its own address",
    filtered: false,
    from: ({ host }) => host,
    to: ({ published, address }) => published?.own ?? `${address} ${PORT}`,
    against: PEERS,
  },
  {
    work: "container → container",
    filtered: false,
    from: ({ client }) => client,
    to: ({ address }) => `${address} ${PORT}`,
    against: BARE,
  },
  {
    work: "container → container, with br_netfilter",
    filtered: true,
    from: ({ client }) => client,
    to: ({ address }) => `${address} ${PORT}`,
    against: PEERS,
  },
];

/** What is done on each way, so short that some rounds are left in peace, and in how many pieces the time is told. */
const loads = [
  { name: "stream", work: "128 MiB in one stream", count: 128, unit: "ms", scale: 1e6 },
  { name: "turns", work: "a byte there and back", count: 500, unit: "µs", scale: 500 * 1e3 },
  { name: "calls", work: "a new connection", count: 200, unit: "µs", scale: 200 * 1e3 },
] as const;

/** Throughput, latency and new connections by each engine's ports and bridge, beside a bridge made by hand. */
export async function* netRows(
  engines: readonly Engine[],
  folder: string,
  prepare: (engine: Engine) => Promise<unknown>,
  rounds: number,
): AsyncGenerator<Row> {
  const traffic = compileTraffic(folder);
  const more = await dockerWithoutProxy(join(folder, "docker-without-proxy"));
  const places: Place[] = [];
  try {
    if (more !== undefined) await prepare(more);
    for (const engine of [...engines, ...(more === undefined ? [] : [more])])
      places.push(await engineThere(engine, traffic));
    places.push(await bareBridge(traffic));
    for (const way of ways) {
      for (const place of places) await filterBridges(place, way.filtered);
      for (const load of loads) {
        const said = await measure(places, rounds, (place) => [
          ...way.from(place),
          ...[traffic, load.name, ...way.to(place).split(" "), String(load.count)],
        ]);
        // Of all rounds the fastest: what else the machine does can only add.
        const least = (of: keyof Took) =>
          new Map(
            [...said].map(([name, all]) => [name, Math.min(...all.map((one) => one[of])) / load.scale]),
          );
        const { unit } = load;
        const budget = { factor: NOISE, against: way.against };
        yield { work: `${way.work}: ${load.work}`, unit, values: least("time"), budget };
        // The kernel's work on the whole way there is done in the sender's name. It hardly depends on who else is at work.
        yield { work: "  the sender's processor", unit, values: least("processor") };
      }
    }
  } finally {
    for (const place of places) await place.close();
    await more?.stop();
  }
}

/** Each place's own setting; a kernel without br_netfilter has none. */
const filterBridges = ({ host }: Place, on: boolean) => {
  const path = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  return finish([...host, "sh", "-c", `[ ! -e ${path} ] || echo ${on ? 1 : 0} >${path}`], {});
};

/** Nanoseconds. */
interface Took {
  readonly time: number;
  readonly processor: number;
}

/** By the program's own clocks. */
async function measure(
  places: readonly Place[],
  rounds: number,
  words: (place: Place) => readonly string[],
): Promise<Map<string, Took[]>> {
  const said = new Map<string, Took[]>(places.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const place of rotated(places, round)) {
      const [time = 0, processor = 0] = (await finish(words(place), {})).trim().split(" ").map(Number);
      said.get(place.name)?.push({ time, processor });
    }
  return said;
}
