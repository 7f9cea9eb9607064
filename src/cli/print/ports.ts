import { bracketed } from "../../oci/address.ts";
/** A port as lists of containers have it; `PublicPort` is missing when it is exposed only. */
export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

interface Span {
  readonly ip: string;
  readonly type: string;
  readonly isPublic: boolean;
  readonly shift: number;
  readonly first: number;
  last: number;
}

const asItIs = (text: string): string => text;

/**
 * `0.0.0.0:8080->80/tcp, 9000-9002/tcp`: neighbours with the same shift stand together, as Docker has them. `mark`: how what
 * is open to the world is shown.
 */
export function portList(ports: readonly Port[], mark = asItIs): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort || byBytes(a.IP ?? "", b.IP ?? "") || a.Type.localeCompare(b.Type),
  );
  const spans: Span[] = [];
  for (const port of sorted) {
    const isPublic = port.PublicPort !== undefined && port.PublicPort !== 0;
    const shift = isPublic ? (port.PublicPort ?? 0) - port.PrivatePort : 0;
    const ip = port.IP ?? "";
    const near = spans.find(
      (span) =>
        span.last + 1 === port.PrivatePort &&
        span.ip === ip &&
        span.type === port.Type &&
        span.isPublic === isPublic &&
        span.shift === shift,
    );
    if (near === undefined)
      spans.push({ ip, type: port.Type, isPublic, shift, first: port.PrivatePort, last: port.PrivatePort });
    else near.last = port.PrivatePort;
  }
  const isOpen = ({ ip, isPublic }: Span) => isPublic && (ip === "0.0.0.0" || ip === "::");
  return spans.map((span) => (isOpen(span) ? mark : asItIs)(spanText(span))).join(", ");
}

/** As Go compares: digits before colons. */
const byBytes = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function spanText({ ip, type, isPublic, shift, first, last }: Span): string {
  const range = (by: number) => (first === last ? `${first + by}` : `${first + by}-${last + by}`);
  if (!isPublic) return `${range(0)}/${type}`;
  const host = bracketed(ip);
  return `${host === "" ? "" : `${host}:`}${range(shift)}->${range(0)}/${type}`;
}
