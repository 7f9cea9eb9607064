import type { ContainerOptions, HealthOption } from "../../engine/options.ts";
import { type Asked, integer, invalid, object, text, texts } from "../asked.ts";

/** Nanoseconds. */
const LEAST = 1_000_000;

const actions = ["none", "kill", "restart", "stop"] as const;

/** Config's `Healthcheck` and `Shell`, and HostConfig's `HealthOnFailure`, which is ours. */
export function health(
  body: Asked,
  host: Asked,
): Pick<ContainerOptions, "health" | "healthOnFailure" | "shell"> {
  const shell = texts(body, "Shell");
  const action = text(host, "HealthOnFailure") || "none";
  const healthOnFailure = actions.find((one) => one === action);
  if (healthOnFailure === undefined)
    throw invalid(`${host.at}HealthOnFailure`, `"${action}" is none of ${actions.join(", ")}`);
  return {
    health: healthcheck(object(body, "Healthcheck")),
    healthOnFailure,
    shell: shell.length === 0 ? null : shell,
  };
}

function healthcheck(asked: Asked): HealthOption {
  const [kind = "", ...words] = texts(asked, "Test");
  const test = kind === "" ? [] : [kind, ...words];
  if (!["", "NONE", "CMD", "CMD-SHELL"].includes(kind))
    throw invalid(`${asked.at}Test`, `"${kind}" is none of NONE, CMD, CMD-SHELL`);
  if (kind.startsWith("CMD") && words.length === 0) throw invalid(`${asked.at}Test`, "it names no command");
  const retries = integer(asked, "Retries");
  if (retries < 0) throw invalid(`${asked.at}Retries`, "Retries in Healthcheck cannot be negative");
  const time = (name: string) => {
    const value = integer(asked, name);
    if (value === 0 || value >= LEAST) return value;
    throw invalid(asked.at + name, `${name} in Healthcheck cannot be less than 1ms`);
  };
  return {
    test,
    interval: time("Interval"),
    timeout: time("Timeout"),
    startPeriod: time("StartPeriod"),
    startInterval: time("StartInterval"),
    retries,
  };
}
