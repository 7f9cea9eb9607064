import type { ContainerDetails } from "../../engine/engine.ts";
import { isLive, NEVER } from "../../engine/state.ts";
import { health, healthText } from "./health.ts";

/** Docker's State: one flat record in which everything has a value whether it means something or not. */
export function state(container: ContainerDetails) {
  const { state } = container;
  const exit = state.status === "exited" || state.status === "restarting" ? state.exit : null;
  const failure = state.status === "created" ? state.failure : null;
  return {
    Status: state.status,
    Running: isLive(state) || state.status === "restarting",
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: exit?.oomKilled ?? (isLive(state) && container.memoryKills > 0),
    Dead: state.status === "dead",
    Pid: isLive(state) ? state.pid : 0,
    ExitCode: exit?.code ?? failure?.code ?? 0,
    Error: state.status === "dead" ? state.error : (exit?.error ?? failure?.message ?? ""),
    StartedAt: isLive(state) ? state.startedAt : container.startedAt,
    FinishedAt: exit?.finishedAt ?? NEVER,
    ...health(container),
  };
}

/** What `docker ps` prints as STATUS: `Up 5 minutes (Paused)`, `Exited (0) 3 seconds ago`. */
export function statusText(container: ContainerDetails, now: number): string {
  const { state } = container;
  switch (state.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(state.startedAt, now)}${healthText(container)}`;
    case "paused":
      return `Up ${since(state.startedAt, now)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exit.code}) ${since(state.exit.finishedAt, now)} ago`;
    case "exited":
      return `Exited (${state.exit.code}) ${since(state.exit.finishedAt, now)} ago`;
    case "dead":
      return "Dead";
  }
}

function since(time: string, now: number): string {
  return humanDuration(Math.max(0, now - Date.parse(time)) / 1000);
}

/** Seconds in Docker's words (go-units, HumanDuration). */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(seconds / 3600);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < 60) return `${whole} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}
