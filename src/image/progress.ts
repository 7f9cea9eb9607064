import type { Descriptor } from "../oci/descriptor.ts";

/** What a pull or load tells while it works; one `layer` event at a time per layer, in any order between layers. */
export type PullProgress =
  | {
      readonly kind: "resolved";
      readonly reference: string;
      readonly digest: string;
      readonly layers: readonly string[];
    }
  /** A mirror is not asked any more in this pull. */
  | { readonly kind: "passedOver"; readonly domain: string; readonly why: string }
  | { readonly kind: "layer"; readonly digest: string; readonly state: LayerState };

/** Bytes are of the compressed blob; `present` layers were stored before, `done` ones are unpacked. */
export type LayerState =
  | { readonly state: "waiting" | "present" | "verifying" | "extracting" | "done" }
  | { readonly state: "downloading"; readonly bytes: number; readonly total: number }
  | { readonly state: "retrying"; readonly attempt: number; readonly delayMs: number; readonly why: string };

export type OnProgress = (progress: PullProgress) => void;

/** What a push tells while it works; layers in any order, `pushed` when the name is there, and `instead` after it where
 * the only image that is here went there instead of its index. */
export type PushProgress =
  | { readonly kind: "resolved"; readonly reference: string; readonly layers: readonly string[] }
  | { readonly kind: "layer"; readonly digest: string; readonly state: PushState }
  | { readonly kind: "pushed"; readonly tag: string; readonly digest: string; readonly size: number }
  | {
      readonly kind: "instead";
      readonly index: Pick<Descriptor, "mediaType" | "digest">;
      readonly image: Descriptor;
    };

/**
 * `present` layers were there before, `mounted` ones the registry had in another repository. Plain ones are compressed
 * before anything else, under the digest that they have until then.
 */
export type PushState =
  | { readonly state: "present" | "done" | "compressed" }
  | { readonly state: "compressing"; readonly bytes: number; readonly total: number }
  | { readonly state: "mounted"; readonly from: string }
  | { readonly state: "uploading"; readonly bytes: number; readonly total: number }
  | Extract<LayerState, { readonly state: "retrying" }>;

export type OnPushProgress = (progress: PushProgress) => void;
