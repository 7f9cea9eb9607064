import { createHash } from "node:crypto";
import { type Doc, jsonOf } from "./doc.ts";
import type { Service } from "./project.ts";
import { service as serviceKind } from "./service.ts";

/** How an image comes to be and how many containers there are of it: no container is another one for these. */
const UNHASHED = ["build", "pull_policy", "scale"];

/**
 * What a service's containers are made of, as `com.docker.compose.config-hash` says it: equal to docker compose v2.26's
 * for all that it knows (SHA-256, in hexadecimal, of the service as it prints it in JSON), so that what one tool
 * has started the other one does not make anew.
 */
export function configHash(service: Service): string {
  const { replicas: _replicas, ...deploy } = service.deploy ?? {};
  const hashed = service.deploy === undefined ? service : { ...service, deploy };
  const printed = new Map(serviceKind.print(hashed, "hash") as ReadonlyMap<string, Doc>);
  for (const key of UNHASHED) printed.delete(key);
  return createHash("sha256").update(jsonOf(printed)).digest("hex");
}
