import type { Scenario } from "../../../clients/scenarios/scenario.ts";

/**
 * Scenarios that follow each other on one application. A line holds the words after `inro compose -f FILE`; one that begins
 * with `inro` is the whole line. FILE and FOLDER stand for the application's.
 */
export interface Group {
  readonly title: string;
  /** Files by name; compose.yaml is what FILE means. */
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly scenarios: readonly Scenario[];
}
