import { existsSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { ContainerOptions } from "../options.ts";
import { logAttributes } from "../streams/log-attributes.ts";

const SOCKET = "/run/systemd/journal/socket";

/** native/journal.h */
const MOST = 4095;

interface Named {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly options: ContainerOptions;
}

/** LOG_DRIVER_UNAVAILABLE where a container's output is to go to a journal that this host does not have. */
export function checkJournal({ log }: ContainerOptions): void {
  if (!log.journal || existsSync(SOCKET)) return;
  throw new InroError("LOG_DRIVER_UNAVAILABLE", {
    what: "cannot send the container's output to the journal",
    why: `journald is not enabled on this host: there is no ${SOCKET}`,
    hint: "leave --log-driver out, or start systemd-journald",
    at: "--log-driver",
  });
}

/**
 * What every entry in the journal says of the container, in dockerd's words: lines NAME=value; null where there are none.
 * LOG_DRIVER_UNAVAILABLE; INVALID_OPTION when it is too much.
 */
export function journalFields(container: Named): string | null {
  const { id, name, options } = container;
  if (!options.log.journal) return null;
  checkJournal(options);
  const tag = expandTag(options.log.asked.config["tag"] ?? "{{.ID}}", container);
  const fields = [
    ["CONTAINER_ID", id.slice(0, 12)],
    ["CONTAINER_ID_FULL", id],
    ["CONTAINER_NAME", name],
    ["CONTAINER_TAG", tag],
    ["IMAGE_NAME", options.image],
    ["SYSLOG_IDENTIFIER", tag],
    ...logAttributes(options).map(([key, value]) => [fieldName(key), value] as const),
  ] as const;
  const text = fields
    .filter(([key]) => key !== "")
    // A line ends the field.
    .map(([key, value]) => `${key}=${value.replace(/[\n\0]/g, " ")}\n`)
    .join("");
  if (Buffer.byteLength(text) <= MOST) return text;
  throw new InroError("INVALID_OPTION", {
    what: "cannot send the container's labels and variables to the journal",
    why: `they are longer than ${MOST} bytes together`,
    at: "--log-opt",
  });
}

/** systemd.journal-fields(7): capital letters, digits, and underscores but at the beginning, which are trusted fields. */
const fieldName = (key: string): string =>
  key
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "_")
    .replace(/^[_0-9]+/, "")
    .slice(0, 64);

/** docker's "Customize log driver output". */
const TAGS: Readonly<Record<string, (container: Named) => string>> = {
  ID: ({ id }) => id.slice(0, 12),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.replace(/^sha256:/, "").slice(0, 12),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ options }) => options.image,
  DaemonName: () => "inro",
};

const tagPattern = new RegExp(`\\{\\{\\s*\\.(${Object.keys(TAGS).join("|")})\\s*\\}\\}`, "g");

/** Whether there is nothing in it that cannot be expanded. */
export const isTag = (tag: string): boolean => !tag.replace(tagPattern, "").includes("{{");

const expandTag = (tag: string, container: Named): string =>
  tag.replace(tagPattern, (_all, name: string) => TAGS[name]?.(container) ?? "");
