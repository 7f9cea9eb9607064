/** Runs as an unprivileged user in a cgroup that was delegated to him; tells what he may do, as one line of JSON. */
import { readSync } from "node:fs";
import { join } from "node:path";
import { unifiedOf } from "../../src/kernel/cgroup/hierarchies.ts";
import { settingsOf } from "../../src/kernel/cgroup/settings.ts";
import { openExecutor } from "../../src/kernel/executor/executor.ts";
import type { Op } from "../../src/kernel/plan/operations.ts";
import { cgroupParent, usableHierarchies } from "../../src/runtime/delegation.ts";
import { readFacts } from "../../src/runtime/facts.ts";

// Until it stands in its cgroup.
readSync(0, Buffer.alloc(1));
const facts = readFacts();
const parent = cgroupParent(facts, "/inro-runtime");
const usable = usableHierarchies(facts, `${parent}/c`);
const executor = openExecutor(join(import.meta.dir, "../../build/native/inro-native"));
const because = "test";
const { mount, controllers } = unifiedOf(usable) ?? { mount: "", controllers: [] as string[] };
const limits: Op[] = controllers.includes("pids")
  ? [{ kind: "writeCgroup", cgroup: 0, file: "pids.max", value: "9", optional: false, because }]
  : [];
const made = await executor.batch([
  {
    kind: "makeCgroup",
    out: 0,
    hierarchy: mount,
    path: `${parent}/c`,
    controllers: controllers.map((name) => `+${name}`).join(" "),
    because,
  },
  ...limits,
  { kind: "removeCgroup", hierarchy: mount, path: `${parent}/c`, because },
  { kind: "removeCgroup", hierarchy: mount, path: parent, because },
]);
await executor.close();

function refusal(resources: Parameters<typeof settingsOf>[0]): string {
  try {
    settingsOf(resources, usable.list);
    return "";
  } catch (cause) {
    return (cause as Error).message;
  }
}

const answer = {
  parent,
  hierarchies: usable.list.map(({ version }) => version),
  controllers,
  errnos: made.map(({ errno }) => errno),
  refused: refusal({ rdma: { mlx5_0: { hcaHandles: 1 } } }),
};
console.log(JSON.stringify(answer));
