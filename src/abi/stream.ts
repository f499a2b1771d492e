/** @file The stream number of a declaration's path, for `random` scalars: elaboration and the runtime must agree on it. */
export { streamOf } from "./random.ts";
