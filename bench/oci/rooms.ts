import { mountNamespace, type OciRuntime, ociRuntimes } from "../contenders/oci.ts";
import { type Bundles, makeBundles } from "./bundles.ts";

/** The runtimes that are here, and where each is started. */
export interface Rooms {
  readonly folder: string;
  readonly runtimes: readonly OciRuntime[];
  readonly bundles: Bundles;
  /** Words that enter the mount namespace a runtime is started in. */
  readonly enter: (runtime: OciRuntime) => readonly string[];
  readonly close: () => Promise<void>;
}

export async function openRooms(folder: string, busybox: string): Promise<Rooms> {
  const bundles = makeBundles(folder, busybox);
  const [whole, v1] = [await mountNamespace(folder, false), await mountNamespace(folder, true)];
  return {
    folder,
    runtimes: ociRuntimes(),
    bundles,
    enter: ({ oneCgroupVersion }) => (oneCgroupVersion ? v1 : whole).enter,
    close: async () => void (await Promise.all([whole.close(), v1.close()])),
  };
}

/** A command line of a runtime, with its own folder for state. */
export const commandOf = (rooms: Rooms, runtime: OciRuntime, ...words: readonly string[]): string[] => [
  ...rooms.enter(runtime),
  runtime.program,
  "--root",
  `${rooms.folder}/state-${runtime.name}`,
  ...words,
];
