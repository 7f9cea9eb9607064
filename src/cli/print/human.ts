/** Sizes and ages in Docker's words (docker/go-units), so that what reads them today reads ours. */

const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** `12.3MB`: decimal, as in the lists of images and containers. */
export const decimalSize = (bytes: number, digits = 3): string => scaled(bytes, 1000, DECIMAL, digits);

/** `11.7MiB`: binary, as in stats. */
export const binarySize = (bytes: number): string => scaled(bytes, 1024, BINARY, 4);

/** `About an hour`, `3 weeks`. */
export function age(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(Math.floor(seconds / 3600) / 24 / 365)} years`;
}

export const ago = (unixSeconds: number, now: number = Date.now()): string =>
  `${age(now / 1000 - unixSeconds)} ago`;

/** `2026-11-24 02:47:26 +0000 UTC`: Go's way to print a time, in the local zone. */
export function goTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString();
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
  const name = offset === 0 ? "UTC" : (/\(([A-Z]{2,5})\)$/.exec(date.toString())?.[1] ?? zone);
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone} ${name}`;
}

/** The first twelve digits of an id, without its algorithm. */
export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

/** At most `width` characters, the last one an ellipsis when something is missing. */
export function ellipsis(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join("")}…`;
}
