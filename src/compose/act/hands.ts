import type { Client } from "../../client/client.ts";
import type { StepEvent } from "../converge/step.ts";
import type { Project, Service } from "../model/project.ts";

/** What steps are done with. */
export interface Hands {
  readonly client: Client;
  /** Undefined where only its labels are known. */
  readonly project: Project | undefined;
  readonly images: ImageHands;
  /** Of whoever calls: for variables without a value, and for secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The engine's socket on its host, for `use_api_socket`. */
  readonly socket?: string;
}

/** `current` and `total`: bytes. */
export type Progress = (text: string, current?: number, total?: number) => void;

/** Whoever brings images; the name is `imageName`'s. */
export interface ImageHands {
  pull(service: Service, tell: Progress, signal: AbortSignal): Promise<void>;
  build(service: Service, tell: Progress, signal: AbortSignal): Promise<void>;
  push(service: Service, tell: Progress, signal: AbortSignal): Promise<void>;
}

export type Tell = (event: StepEvent) => void;
