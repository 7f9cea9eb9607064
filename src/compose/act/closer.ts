/** A second look at containers of which the list alone does not tell enough. */
import { at, type Client } from "../../client/client.ts";
import type { Actual, Found } from "../converge/actual.ts";
import { differences, type Inspected } from "../converge/differences.ts";
import { copies } from "../converge/files.ts";
import { imageName } from "../converge/labels.ts";
import { hashOf } from "../converge/resolve.ts";
import { peersThere } from "../converge/up.ts";
import { isOutdated } from "./files.ts";
import type { Wanted } from "./look.ts";

/** What differs in those whose service is another by now; which of the copied files in the others is. */
export async function closer(client: Client, wanted: Wanted, actual: Actual): Promise<readonly Found[]> {
  const { project } = wanted;
  return Promise.all(
    actual.containers.map(async (found) => {
      const service = found.oneOff ? undefined : project.services.get(found.service);
      if (service === undefined) return found;
      const peers = (name: string) => peersThere(actual, name);
      if (found.hash === hashOf(service, peers)) {
        const files = copies(project, service);
        const outdated = await Promise.all(
          files.map((file) => isOutdated(client, found.id, file, wanted.env)),
        );
        return {
          ...found,
          outdated: files
            .filter((_, index) => outdated[index])
            .map(({ kind, key }) => `its ${kind} "${key}"`),
        };
      }
      const inspected = await client.json<Inspected>({
        method: "GET",
        path: at`/containers/${found.id}/json`,
      });
      const image = actual.images.get(imageName(project, service));
      return {
        ...found,
        differences: differences(project, service, inspected, { image, env: wanted.env, peers }),
      };
    }),
  );
}
