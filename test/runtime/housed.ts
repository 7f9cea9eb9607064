/** A program of housing.test.ts: waits to be put into a cgroup, makes a container, tells where its monitor lives. */
import { readFileSync } from "node:fs";
import { ownCgroups } from "../../src/runtime/housing.ts";
import { testContainer } from "./container.ts";

await Bun.stdin.text();
{
  await using c = await testContainer({ script: "sleep 100" });
  const { pid } = await c.create();
  // proc_pid_stat(5): behind the command's bracket come the state and the parent.
  const monitor = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[1];
  const cgroup = () => ownCgroups(readFileSync(`/proc/${monitor}/cgroup`, "utf8")).get("");
  for (let tries = 0; tries < 500 && cgroup()?.includes("service"); tries++) await Bun.sleep(2);
  console.log(monitor, cgroup());
}
