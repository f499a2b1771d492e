/** @file A compiled plan on a device through the runtime's session, as a generated program uses it: parameters by path, steps by their inputs. */
import { kernelFiles } from "../../codegen/kernel-files.ts";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Schedule } from "../../src/ir/model.ts";
import { comp } from "../../src/ir/node.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { onlyPrograms } from "../../src/runtime/session/only-programs.ts";
import type { CompiledProgram, Device, Scalars, Session } from "../../src/runtime/session/device.ts";
import type { ProgramName } from "../../src/abi/plan.ts";
import { arenaIndex } from "./arena.ts";

/** What the compiler would write into a folder. */
export function programOf(compiled: Compiled): CompiledProgram {
  const files = kernelFiles(compiled);
  const kernel = (file: string): Promise<string> => {
    const found = files.get(file);
    return found === undefined ? Promise.reject(new Error(`no file ${file}`)) : Promise.resolve(found);
  };
  return { plan: compiled.plan, kernel, constants: () => Promise.resolve(compiled.constants) };
}

export class DeviceRun {
  readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  /** Parameters as given by path, states as the plan starts them; `only` leaves out what these programs do not need. */
  static async open(
    device: Device,
    compiled: Compiled,
    parameters: ReadonlyMap<string, ArrayLike<number>>,
    only?: readonly ProgramName[],
  ): Promise<DeviceRun> {
    const program = programOf(compiled);
    const run = new DeviceRun(await device.open(only === undefined ? program : onlyPrograms(program, only)));
    for (const { buffer, init } of only === undefined ? compiled.plan.states : [])
      run.session.write(buffer, new Float32Array((compiled.plan.buffers[buffer]?.bytes ?? 0) / 4).fill(init));
    run.writeArena("parameters", parameters);
    return run;
  }

  #arena(name: string): number {
    const found = arenaIndex(this.session.plan, name);
    if (found < 0) throw new Error(`no arena ${name}`);
    return found;
  }

  writeArena(arena: string, values: ReadonlyMap<string, ArrayLike<number>>): void {
    const index = this.#arena(arena);
    const words = new Float32Array((this.session.plan.buffers[index]?.bytes ?? 0) / 4);
    for (const { path, offset } of this.session.plan.parameters)
      words.set(values.get(path) ?? missing(path), offset / 4);
    this.session.write(index, words);
  }

  /** By path: parameters, or `gradients`, or a state. */
  async readArena(arena: string): Promise<ReadonlyMap<string, Float32Array>> {
    const words = await this.session.read(this.#arena(arena));
    return new Map(
      this.session.plan.parameters.map(({ path, shape, offset }) => [
        path,
        words.subarray(offset / 4, offset / 4 + shape.reduce((n, s) => n * s, 1)),
      ]),
    );
  }

  async run(
    name: ProgramName,
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    scalars: Scalars,
  ): Promise<Readonly<Record<string, Float32Array>>> {
    const replay = this.session.replay(name);
    // A program may leave a text unread.
    const read = new Set(this.session.plan.programs[name]?.inputs.map((input) => input.name));
    for (const [input, values] of Object.entries(inputs)) if (read.has(input)) replay.input(input).set(values);
    return (await replay.once(scalars)).outputs;
  }

  close(): void {
    this.session.close();
  }
}

/** The factor on the learning rate at a progress in [0, 1]. */
export function scheduleFactor({ factor, progress }: Schedule, at: number): number {
  const node = comp({ name: "factor" }, [], factor);
  return evaluateOne(node, (leaf) => (leaf === progress ? at : missing(leaf.name)))[0] ?? NaN;
}

function missing(what: string): never {
  throw new Error(`no value for ${what}`);
}
