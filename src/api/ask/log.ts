import { isTag } from "../../engine/life/journal.ts";
import { DEFAULT_LOG, type LogOptions } from "../../engine/options.ts";
import { type Asked, invalid, text, textRecord } from "../asked.ts";
import { sizeInWords } from "./size.ts";

/** Options of Docker's drivers that say nothing about where or how much is kept; they are kept for inspect. */
const harmless = ["labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size"];

interface Driver {
  readonly harmless: readonly string[];
  /** What limits our own log. */
  readonly size: string;
  readonly files: string;
}

const file: Driver = { harmless: [...harmless, "compress"], size: "max-size", files: "max-file" };

/** Beside what goes to the journal our own log is kept, as dockerd keeps a cache beside drivers that it cannot read. */
const journald: Driver = {
  harmless: [...harmless, "cache-compress", "cache-disabled"],
  size: "cache-max-size",
  files: "cache-max-file",
};

/**
 * Docker's file drivers all mean our own log, with their limits; "none" keeps nothing. Drivers that send the output
 * elsewhere, journald apart, are refused, since a log that silently goes nowhere is worse than none.
 */
export function logOptions(config: Asked): LogOptions {
  const type = text(config, "Type");
  const asked = { type: type === "" ? DEFAULT_LOG.asked.type : type, config: textRecord(config, "Config") };
  if (type === "none") return { ...DEFAULT_LOG, driver: "none", asked };
  if (!["", "json-file", "local", "cri", "journald"].includes(type)) {
    throw invalid(
      `${config.at}Type`,
      `no log driver is named "${type}" (json-file, local, journald and none are)`,
    );
  }
  const journal = type === "journald";
  const driver = journal ? journald : file;
  let { maxSize, maxFiles } = DEFAULT_LOG;
  for (const [name, value] of Object.entries(asked.config)) {
    const at = `${config.at}Config.${name}`;
    if (name === driver.size) maxSize = value === "-1" ? 0 : sizeInWords(at, value);
    else if (name === driver.files) maxFiles = count(at, value);
    else if (!driver.harmless.includes(name)) {
      throw invalid(at, `unknown log opt '${name}' for ${asked.type} log driver`);
    }
    if (journal && name === "tag" && !isTag(value))
      throw invalid(
        at,
        `"${value}" has more than .ID, .FullID, .Name, .ImageID, .ImageFullID, .ImageName and .DaemonName`,
      );
  }
  const keeps = asked.config["cache-disabled"] !== "true";
  return { driver: keeps ? "default" : "none", journal, maxSize, maxFiles, asked };
}

function count(at: string, value: string): number {
  const number = Number(value);
  if (!/^\d{1,4}$/.test(value) || number < 1) throw invalid(at, `"${value}" is no number of files`);
  return number;
}
