/** A mount as `volumes` has it in short form: `[SOURCE:]TARGET[:OPTIONS]` (05-services.md, "volumes"). */
export interface ShortVolume {
  /** A path where it begins with `/`, `.` or `~`, else a volume's name. Undefined: a volume without one. */
  readonly source?: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Undefined: it is not written so. */
export function shortVolume(text: string): ShortVolume | undefined {
  const parts = text.split(":");
  const [first = "", second, third] = parts;
  if (parts.length > 3 || parts.some((part) => part === "")) return undefined;
  if (second === undefined) return { target: first, options: [] };
  return { source: first, target: second, options: third?.split(",") ?? [] };
}

/** That a mount's source is a path of the host. */
export const isHostPath = (source: string): boolean => /^[/.~]/.test(source);
