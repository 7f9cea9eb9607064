import { DEFAULT_LOG, type LogOptions } from "../../engine/options.ts";
import { type Asked, invalid, text, textRecord } from "../asked.ts";
import { sizeInWords } from "./size.ts";

/** Options of Docker's file drivers that say nothing about where or how much is kept; they are kept for inspect. */
const harmless = ["labels", "labels-regex", "env", "env-regex", "tag", "compress", "mode", "max-buffer-size"];

/**
 * Docker's file drivers all mean our own log, with their limits; "none" keeps nothing. Drivers that send the output
 * elsewhere are refused, since a log that silently goes nowhere is worse than none.
 */
export function logOptions(config: Asked): LogOptions {
  const type = text(config, "Type");
  const asked = { type: type === "" ? DEFAULT_LOG.asked.type : type, config: textRecord(config, "Config") };
  if (type === "none") return { ...DEFAULT_LOG, driver: "none", asked };
  if (!["", "json-file", "local", "cri"].includes(type)) {
    throw invalid(`${config.at}Type`, `no log driver is named "${type}" (json-file, local and none are)`);
  }
  let { maxSize, maxFiles } = DEFAULT_LOG;
  for (const [name, value] of Object.entries(asked.config)) {
    const at = `${config.at}Config.${name}`;
    if (name === "max-size") maxSize = value === "-1" ? 0 : sizeInWords(at, value);
    else if (name === "max-file") maxFiles = count(at, value);
    else if (!harmless.includes(name)) {
      throw invalid(at, `unknown log opt '${name}' for ${asked.type} log driver`);
    }
  }
  return { driver: "default", maxSize, maxFiles, asked };
}

function count(at: string, value: string): number {
  const number = Number(value);
  if (!/^\d{1,4}$/.test(value) || number < 1) throw invalid(at, `"${value}" is no number of files`);
  return number;
}
