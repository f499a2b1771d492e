/**
 * @file Shadow memory of one array while a kernel is interpreted: who wrote and read each cell, and since when. Lanes run one after another, so a conflict
 * between two lanes shows when the later one comes, whichever of the two accesses was first. An interval is the time between two barriers.
 */

export type FindingKind = "race" | "race-between-groups" | "out-of-bounds" | "uninitialised";

/** Where the interpreter is, for messages and for telling accesses apart. */
export interface Position {
  lane: number;
  group: number;
  phase: string;
  /** Counts up at each barrier and each start of a group, separately for shared arrays and storage. */
  sharedInterval: number;
  storageInterval: number;
  /** The shared interval in which the group began: what was written before is gone. */
  groupStart: number;
}

export type Report = (kind: FindingKind, array: string, what: string) => void;

/** More than one lane or group. */
const several = -2;

/** Checks accesses to an array; both give the index, or -1 when it is out of bounds. */
export interface Shadow {
  readonly read: (index: number) => number;
  readonly write: (index: number) => number;
}

function outOfBounds(report: Report, array: string, access: string, index: number, length: number): number {
  report("out-of-bounds", array, `${access} ${array}[${index}], which has ${length} elements`);
  return -1;
}

/** A shared array: each group finds it uninitialised. */
export function shadowOfShared(array: string, length: number, at: Position, report: Report): Shadow {
  const writeInterval = new Float64Array(length).fill(-1);
  const writeLane = new Int32Array(length);
  const readInterval = new Float64Array(length).fill(-1);
  const readLane = new Int32Array(length);
  return {
    read(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "reads", index, length);
      const written = writeInterval[index] as number;
      if (written < at.groupStart) report("uninitialised", array, `reads ${array}[${index}], which was not written`);
      else if (written === at.sharedInterval && writeLane[index] !== at.lane)
        race(report, array, index, "reads", "wrote", writeLane[index]);
      if (readInterval[index] !== at.sharedInterval) {
        readInterval[index] = at.sharedInterval;
        readLane[index] = at.lane;
      } else if (readLane[index] !== at.lane) readLane[index] = several;
      return index;
    },
    write(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "writes", index, length);
      if (writeInterval[index] === at.sharedInterval && writeLane[index] !== at.lane)
        race(report, array, index, "writes", "wrote", writeLane[index]);
      else if (readInterval[index] === at.sharedInterval && readLane[index] !== at.lane)
        race(report, array, index, "writes", "read", readLane[index]);
      writeInterval[index] = at.sharedInterval;
      writeLane[index] = at.lane;
      return index;
    },
  };
}

/** A storage buffer that the kernel writes. Groups run in any order and at once: what one writes no other may touch. */
export function shadowOfStorage(
  array: string,
  length: number,
  initialised: boolean,
  at: Position,
  report: Report,
): Shadow {
  const writeInterval = new Float64Array(length).fill(-1);
  const writeLane = new Int32Array(length);
  const writeGroup = new Int32Array(length).fill(-1);
  const readInterval = new Float64Array(length).fill(-1);
  const readLane = new Int32Array(length);
  const readGroup = new Int32Array(length).fill(-1);
  return {
    read(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "reads", index, length);
      const writer = writeGroup[index] as number;
      if (writer < 0) {
        if (!initialised) report("uninitialised", array, `reads ${array}[${index}], which was not written`);
      } else if (writer !== at.group) raceBetweenGroups(report, array, index, "reads", "wrote", writer);
      else if (writeInterval[index] === at.storageInterval && writeLane[index] !== at.lane)
        race(report, array, index, "reads", "wrote", writeLane[index]);
      if (readInterval[index] !== at.storageInterval) {
        readInterval[index] = at.storageInterval;
        readLane[index] = at.lane;
      } else if (readLane[index] !== at.lane) readLane[index] = several;
      if (readGroup[index] === -1) readGroup[index] = at.group;
      else if (readGroup[index] !== at.group) readGroup[index] = several;
      return index;
    },
    write(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "writes", index, length);
      const writer = writeGroup[index] as number;
      const reader = readGroup[index] as number;
      if (writer >= 0 && writer !== at.group) raceBetweenGroups(report, array, index, "writes", "wrote", writer);
      else if (reader !== -1 && reader !== at.group) raceBetweenGroups(report, array, index, "writes", "read", reader);
      else if (writeInterval[index] === at.storageInterval && writeLane[index] !== at.lane)
        race(report, array, index, "writes", "wrote", writeLane[index]);
      else if (readInterval[index] === at.storageInterval && readLane[index] !== at.lane)
        race(report, array, index, "writes", "read", readLane[index]);
      writeInterval[index] = at.storageInterval;
      writeLane[index] = at.lane;
      writeGroup[index] = at.group;
      return index;
    },
  };
}

/** What is only bounded: buffers that the kernel only reads. */
export function shadowOfReadOnly(array: string, length: number, report: Report): Shadow {
  const check = (index: number): number =>
    index >= 0 && index < length ? index : outOfBounds(report, array, "reads", index, length);
  return { read: check, write: check };
}

/** Registers of all lanes: private, so only bounds and initialisation count. */
export function shadowOfRegister(array: string, length: number, lanes: number, at: Position, report: Report): Shadow {
  const written = new Float64Array(length * lanes).fill(-1);
  return {
    read(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "reads", index, length);
      const cell = at.lane * length + index;
      if ((written[cell] as number) < at.groupStart)
        report("uninitialised", array, `reads ${length === 1 ? array : `${array}[${index}]`}, which was not set`);
      return cell;
    },
    write(index) {
      if (!(index >= 0 && index < length)) return outOfBounds(report, array, "sets", index, length);
      const cell = at.lane * length + index;
      written[cell] = at.groupStart;
      return cell;
    },
  };
}

function race(
  report: Report,
  array: string,
  index: number,
  access: string,
  other: string,
  lane: number | undefined,
): void {
  report(
    "race",
    array,
    `${access} ${array}[${index}], which ${lane === several ? "several lanes" : `lane ${lane}`} ${other} with no barrier between`,
  );
}

function raceBetweenGroups(
  report: Report,
  array: string,
  index: number,
  access: string,
  other: string,
  group: number,
): void {
  report(
    "race-between-groups",
    array,
    `${access} ${array}[${index}], which ${group === several ? "several groups" : `group ${group}`} ${other}`,
  );
}
