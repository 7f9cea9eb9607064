/** What a pull or load tells while it works; one `layer` event at a time per layer, in any order between layers. */
export type PullProgress =
  | {
      readonly kind: "resolved";
      readonly reference: string;
      readonly digest: string;
      readonly layers: readonly string[];
    }
  | { readonly kind: "layer"; readonly digest: string; readonly state: LayerState };

/** Bytes are of the compressed blob; `present` layers were stored before, `done` ones are unpacked. */
export type LayerState =
  | { readonly state: "waiting" | "present" | "verifying" | "extracting" | "done" }
  | { readonly state: "downloading"; readonly bytes: number; readonly total: number }
  | { readonly state: "retrying"; readonly attempt: number; readonly delayMs: number; readonly why: string };

export type OnProgress = (progress: PullProgress) => void;
