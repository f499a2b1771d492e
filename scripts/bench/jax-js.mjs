/**
 * The training step of models/baseline.llm in jax-js, on the WebGPU adapter that llmc uses, jitted as a whole. Prints the milliseconds of each
 * step after the first as JSON. A process of its own: jax-js takes `navigator` for itself.
 *
 *     node scripts/bench/jax-js.mjs STEPS
 */
import { create, globals } from "webgpu";

const steps = Number(process.argv[2] ?? 3);
Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, "navigator", {
  value: { gpu, hardwareConcurrency: 2, userAgent: "node" },
  configurable: true,
});

const jax = await import("@jax-js/jax");
await jax.init("wasm", "webgpu");
jax.defaultDevice("webgpu");
const { numpy: np, random, nn, jit, valueAndGrad, tree } = jax;

const [B, T, D, H, L, V] = [8, 64, 128, 4, 2, 256];
const E = D / H;
let drawn = 0;
const normal = (...shape) => random.normal(random.key(drawn++), shape).mul(0.02);
let parameters = {
  embed: normal(V, D),
  positions: normal(T, D),
  layers: Array.from({ length: L }, () => ({
    qkv: normal(D, 3 * D),
    out: normal(D, D),
    up: normal(D, 4 * D),
    down: normal(4 * D, D),
  })),
};

const norm = (x) => x.div(np.sqrt(np.mean(x.ref.mul(x.ref), -1, { keepdims: true }).add(1e-6)));

function attention(x, layer) {
  const heads = np.matmul(norm(x), layer.qkv).reshape([B, T, 3, H, E]).transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = [heads.ref.slice(0), heads.ref.slice(1), heads.slice(2)];
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(E));
  const masked = scores.add(
    np
      .tril(np.ones([T, T]))
      .sub(1)
      .mul(1e9),
  );
  const mixed = np.matmul(nn.softmax(masked, -1), v).transpose([0, 2, 1, 3]).reshape([B, T, D]);
  return np.matmul(mixed, layer.out);
}

function loss(p, inputs, targets) {
  let x = np.matmul(inputs, p.embed.ref).reshape([B, T, D]).add(p.positions);
  for (const layer of p.layers) {
    x = x.ref.add(attention(x, layer));
    x = x.ref.add(np.matmul(nn.gelu(np.matmul(norm(x), layer.up)), layer.down));
  }
  const logits = np.matmul(norm(x).reshape([B * T, D]), p.embed.transpose([1, 0]));
  return np.sum(nn.logSoftmax(logits, -1).mul(targets)).mul(-1 / (B * T));
}

const gradient = jit(valueAndGrad(loss));
const oneHot = (offset) =>
  nn.oneHot(np.array(Int32Array.from({ length: B * T }, (_, i) => ((i + offset) * 7919) % V)).reshape([B * T]), V);

async function step() {
  const [value, gradients] = gradient(tree.ref(parameters), oneHot(0), oneHot(1));
  parameters = tree.map((p, g) => p.sub(g.mul(0.1)), parameters, gradients);
  const result = (await value.data())[0];
  // The update belongs to the step: wait for it.
  await parameters.embed.ref.data();
  return result;
}

await step();
const times = [];
for (let i = 0; i < steps; i++) {
  const start = performance.now();
  await step();
  times.push(performance.now() - start);
}
console.log(JSON.stringify(times));
process.exit(0);
