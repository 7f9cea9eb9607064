import { existsSync, readFileSync } from "node:fs";

/** What a file of a process's cgroup holds, on v1 or on v2, wherever its controller is: `["memory", "memory.limit_in_bytes", "memory.max"]`. */
export function cgroupValue(pid: number, controller: string, v1: string, v2: string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
  const own = lines
    .map((line) => line.split(":"))
    .find(([, names]) => names?.split(",").includes(controller));
  const unified = lines.find((line) => line.startsWith("0::"))?.slice(3) ?? "";
  const paths = [
    `/sys/fs/cgroup/${controller}${own?.[2] ?? ""}/${v1}`,
    `/sys/fs/cgroup/unified${unified}/${v2}`,
    `/sys/fs/cgroup${unified}/${v2}`,
  ];
  const path = paths.find(existsSync);
  if (path === undefined) throw new Error(`no ${v1} nor ${v2} of process ${pid}`);
  return readFileSync(path, "utf8").trim();
}

/** The unified hierarchy is the only one: values of its files are written another way. */
export const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
