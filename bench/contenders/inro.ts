import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { family } from "../memory.ts";
import { type Engine, end, startDaemon } from "./engine.ts";

const executable = join(import.meta.dir, "../../build/inro");

/** The checkout's own build. */
export async function inro(folder: string): Promise<Engine> {
  mkdirSync(folder);
  const socket = join(folder, "inro.sock");
  const places = [
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "run"),
    "-H",
    `unix://${socket}`,
  ];
  const daemon = await startDaemon({
    command: [executable, "serve", ...places],
    environment: {},
    socket,
    log: join(folder, "log"),
  });
  return {
    name: "inro",
    cli: [executable, "-H", `unix://${socket}`],
    environment: { DOCKER_HOST: `unix://${socket}` },
    socket,
    enter: ["nsenter", "--target", String(daemon.process.pid), "--net"],
    daemonProcesses: (containers) => family(daemon.process.pid ?? 0, containers),
    stop: () => end(daemon.process),
  };
}
