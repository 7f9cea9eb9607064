import { InroError } from "../oci/error.ts";

/** An engine's address, and who named it: `DOCKER_HOST`, `the docker context "lab"`. */
export interface Named {
  readonly address: string;
  readonly by: string;
}

/** Where a socket is asked for in Docker's notation; `by`: who asks. INVALID_OPTION. */
export function socketPath({ address, by }: Named): string {
  const path = /^unix:\/\/(\/.*)$/.exec(address)?.[1] ?? (address.startsWith("/") ? address : undefined);
  if (path !== undefined) return path;
  throw new InroError("INVALID_OPTION", {
    what: `cannot use "${address}" as the engine's address`,
    why: `${by} names it, and only unix sockets are supported`,
    hint: "write unix:///path/to/inro.sock, or -H /run/inro/inro.sock for the engine of this machine",
    at: "--host",
  });
}
