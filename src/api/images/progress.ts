import type { LayerState, PullProgress, PushProgress } from "../../image/images.ts";
import { humanDuration } from "../tell/state.ts";

/** One line of the stream that `docker pull` and `docker push` draw their bars from. */
export interface ProgressLine {
  readonly status: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
}

/** What programs read of a push that is done. */
export interface PushedLine {
  readonly progressDetail: object;
  readonly aux: { readonly Tag: string; readonly Digest: string; readonly Size: number };
}

/** What they read where one image went there instead of its index (API 1.47 on). */
export interface InsteadLine {
  readonly aux: {
    readonly manifestPushedInsteadOfIndex: true;
    readonly originalIndex: object;
    readonly selectedManifest: object;
  };
}

const words: Readonly<Record<Exclude<LayerState["state"], "downloading" | "retrying">, string>> = {
  waiting: "Pulling fs layer",
  present: "Already exists",
  verifying: "Verifying Checksum",
  extracting: "Extracting",
  done: "Pull complete",
};

export const short = (digest: string) => digest.replace(/^sha256:/, "").slice(0, 12);

/** Docker's words for what the image store tells. */
export function progressLines(progress: PullProgress): readonly ProgressLine[] {
  if (progress.kind === "resolved") {
    return progress.layers.map((layer) => ({
      status: "Pulling fs layer",
      progressDetail: {},
      id: short(layer),
    }));
  }
  if (progress.kind === "passedOver")
    return [{ status: `Warning: the mirror ${progress.domain} is passed over: ${progress.why}` }];
  const { state } = progress;
  const id = short(progress.digest);
  if (state.state === "downloading") return [moving("Downloading", state, id)];
  if (state.state === "retrying") return [retrying(state, id)];
  return [{ status: words[state.state], progressDetail: {}, id }];
}

/** A bar that moves. Bytes; a total of 0 is not known. */
export function moving(
  status: string,
  { bytes, total }: { bytes: number; total: number },
  id: string,
): ProgressLine {
  return { status, progressDetail: { current: bytes, total }, progress: bar(bytes, total), id };
}

function retrying({ delayMs, why }: { delayMs: number; why: string }, id: string): ProgressLine {
  const wait = humanDuration(delayMs / 1000).toLowerCase();
  return { status: `Retrying in ${wait}: ${why}`, progressDetail: {}, id };
}

const pushed = { present: "Layer already exists", compressed: "Compressed", done: "Pushed" } as const;

/** The same for a push; the name that it goes to is told once before, for all of its tags. */
export function pushLines(progress: PushProgress): readonly (ProgressLine | PushedLine | InsteadLine)[] {
  if (progress.kind === "resolved")
    return progress.layers.map((layer) => ({ status: "Preparing", progressDetail: {}, id: short(layer) }));
  if (progress.kind === "pushed") {
    const { tag: Tag, digest: Digest, size: Size } = progress;
    const status = `${Tag}: digest: ${Digest} size: ${Size}`;
    return [{ status }, { progressDetail: {}, aux: { Tag, Digest, Size } }];
  }
  if (progress.kind === "instead") {
    const { index: originalIndex, image: selectedManifest } = progress;
    return [{ aux: { manifestPushedInsteadOfIndex: true, originalIndex, selectedManifest } }];
  }
  const { state } = progress;
  const id = short(progress.digest);
  if (state.state === "uploading") return [moving("Pushing", state, id)];
  if (state.state === "compressing") return [moving("Compressing", state, id)];
  if (state.state === "retrying") return [retrying(state, id)];
  if (state.state === "mounted") return [{ status: `Mounted from ${state.from}`, progressDetail: {}, id }];
  return [{ status: pushed[state.state], progressDetail: {}, id }];
}

const units = ["B", "kB", "MB", "GB", "TB"];

/** Four significant digits and a decimal unit (go-units, HumanSize). */
export function humanSize(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${units[unit]}`;
}

/** For clients that print the text as it is: `[=====>     ]  1.2MB/3.4MB` (moby, jsonmessage). */
function bar(current: number, total: number): string {
  if (total <= 0) return humanSize(current).padStart(8);
  const full = Math.min(50, Math.floor((current / total) * 50));
  const drawn = `${"=".repeat(full)}>${" ".repeat(50 - full)}`.slice(0, 51);
  return `[${drawn}]  ${humanSize(current)}/${humanSize(total)}`;
}

/**
 * Thins out what a fast download tells: a bar that moves ten times a second is smooth, and the rest only fills the
 * client's socket. A change of state always passes.
 */
export function thinner(intervalMs = 100): (progress: PullProgress | PushProgress, now: number) => boolean {
  const last = new Map<string, number>();
  return (progress, now) => {
    if (progress.kind !== "layer" || !("bytes" in progress.state)) return true;
    const { bytes, total } = progress.state;
    const before = last.get(progress.digest);
    if (before !== undefined && now - before < intervalMs && bytes !== total) return false;
    last.set(progress.digest, now);
    return true;
  };
}
