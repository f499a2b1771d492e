/** @file What the page tells the test. */
export interface PageReport {
  readonly status: string;
  readonly losses: readonly (number | null)[];
  readonly validation: number;
  readonly text: string;
  readonly checkpointBytes: number;
}
