import type { Crash } from "./killing.ts";

interface Network {
  readonly Id: string;
  readonly Name: string;
}

interface Connection {
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
}

/** The networks that were made by requests. */
export const networksOf = async ({ d }: Crash): Promise<Network[]> =>
  JSON.parse(await d.ask("GET", '/networks?filters={"type":["custom"]}'));

/** The container's connections, by their networks' names. */
export const connectedWith = async ({ d, container }: Crash): Promise<Record<string, Connection>> =>
  JSON.parse(await d.ask("GET", `/containers/${container}/json`)).NetworkSettings.Networks;
