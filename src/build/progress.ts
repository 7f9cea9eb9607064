import type { BuildLine, BuildLineOf, StepLine } from "../oci/build-line.ts";
import type { Location } from "./dockerfile/location.ts";

/** Without its time, which it has when it is told on. */
type Untimed<Line extends BuildLine> = Line extends BuildLine ? Omit<Line, "at"> : never;

/** What is told of a build, as `BuildLine` has it, with more of the steps and with output as its bytes. */
export type BuildEvent =
  | Untimed<BuildLineOf<"build" | "progress" | "held" | "failed" | "warning" | "checked" | "image">>
  | { readonly type: "graph"; readonly steps: readonly StepView[] }
  | (BuildLineOf<"started"> & Pick<Step, "location">)
  | (Omit<BuildLineOf<"output">, "at" | "text"> & { readonly data: Uint8Array })
  | BuildLineOf<"ended">;

/** An instruction, as people are told of it. */
export interface Step extends Omit<StepLine, "kind"> {
  /** Of its stage; what `--no-cache-filter` names. */
  readonly stage: string;
  /** Undefined: it stands in no file. */
  readonly location: Location | undefined;
}

export interface StepView extends Step, StepLine {}

export type Tell = (event: BuildEvent) => void;
