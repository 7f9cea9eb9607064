import { checkCredentials, registryOf } from "../../image/registry/login.ts";
import { json } from "../answer.ts";
import { text } from "../asked.ts";
import { body } from "../body.ts";
import type { Exchange, Route } from "../exchange.ts";
import { credentials } from "../images/auth.ts";
import { NEWEST, OLDEST } from "../match.ts";
import { refuse } from "../status.ts";
import { infoRecord } from "./info.ts";

export const systemRoutes: readonly Route[] = [
  { method: "GET", pattern: "/_ping", handle: (x) => ping(x, "OK") },
  { method: "HEAD", pattern: "/_ping", handle: (x) => ping(x, "") },
  { method: "GET", pattern: "/version", handle: version },
  {
    method: "GET",
    pattern: "/info",
    handle: async (x) => json(x, 200, infoRecord(await x.engine.info(), x.engine.version())),
  },
  { method: "POST", pattern: "/auth", handle: auth },
];

function ping(x: Exchange, text: string): void {
  x.response.writeHead(200, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-cache, no-store, must-revalidate",
    pragma: "no-cache",
    "builder-version": "1",
    swarm: "inactive",
  });
  x.response.end(text);
}

function version(x: Exchange): void {
  const found = x.engine.version();
  const api = { ApiVersion: `1.${NEWEST}`, MinAPIVersion: `1.${OLDEST}` };
  const shared = {
    GitCommit: found.commit,
    // The clients' word for what the daemon is written in.
    GoVersion: `bun${process.versions["bun"] ?? ""}`,
    Os: "linux",
    Arch: found.architecture,
    KernelVersion: found.kernelVersion,
    BuildTime: found.builtAt,
  };
  json(x, 200, {
    Platform: { Name: "Inro" },
    Components: [
      { Name: "Engine", Version: found.version, Details: { ...api, ...shared, Experimental: "false" } },
    ],
    Version: found.version,
    ...api,
    ...shared,
  });
}

/** Asks the registry; clients keep the credentials, we do not. */
async function auth(x: Exchange): Promise<void> {
  const asked = await body(x.request);
  const found = credentials(asked);
  if (found === null) throw refuse(400, "cannot log in", "no credentials are given");
  const { identityToken = "" } = await checkCredentials(
    registryOf(text(asked, "serveraddress")),
    found,
    x.signal,
    x.engine.images.registries().insecure,
  );
  json(x, 200, { Status: "Login Succeeded", IdentityToken: identityToken });
}
