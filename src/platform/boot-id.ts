import { readFileSync } from "node:fs";

/** random(4): another one at each start of a kernel. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
