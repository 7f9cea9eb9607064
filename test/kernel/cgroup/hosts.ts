import { readFileSync } from "node:fs";
import { type Hierarchies, parseHierarchies } from "../../../src/kernel/cgroup/hierarchies.ts";

const UNIFIED = { hybrid: "hugetlb\n", v1: "", v2: "cpuset cpu io memory hugetlb pids rdma misc\n" } as const;

/** The hierarchies of a recorded host: this project's hybrid test machine, a systemd v1 host, a systemd v2 host. */
export function recordedHost(name: keyof typeof UNIFIED): Hierarchies {
  const read = (kind: string) => readFileSync(new URL(`hosts/${name}.${kind}`, import.meta.url), "utf8");
  return parseHierarchies(read("mountinfo"), read("cgroups"), () => UNIFIED[name]);
}
