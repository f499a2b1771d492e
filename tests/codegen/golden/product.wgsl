// product
//   c[i, j] += sum(k) a[i, k] * b[k, j]

@group(0) @binding(0) var<storage, read> a: array<f32, 256>;
@group(0) @binding(1) var<storage, read> b: array<f32, 256>;
@group(0) @binding(2) var<storage, read_write> c: array<f32, 256>;

var<workgroup> a_tile: array<f32, 64>;
var<workgroup> b_tile: array<f32, 64>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = i32(workgroup.x);
  let lane = i32(local);
  var acc_0: f32;
  var acc_1: f32;
  acc_0 = 0.0;
  acc_1 = 0.0;
  for (var start = 0; start < 16; start += 8) {
    workgroupBarrier();
    // stage
    a_tile[(lane >> 3u) * 8 + (lane & 7)] = a[((group >> 1u) * 8 + (lane >> 3u)) * 16 + start + (lane & 7)];
    b_tile[(lane >> 3u) * 8 + (lane & 7)] = b[(start + (lane >> 3u)) * 16 + (group & 1) * 8 + (lane & 7)];
    a_tile[((lane >> 3u) + 4) * 8 + (lane & 7)] = a[((group >> 1u) * 8 + (lane >> 3u) + 4) * 16 + start + (lane & 7)];
    b_tile[((lane >> 3u) + 4) * 8 + (lane & 7)] = b[(start + (lane >> 3u) + 4) * 16 + (group & 1) * 8 + (lane & 7)];
    workgroupBarrier();
    // multiply
    for (var k = 0; k < 8; k++) {
      let right = b_tile[k * 8 + (lane & 7)];
      acc_0 = fma(a_tile[(lane >> 3u) * 8 + k], right, acc_0);
      acc_1 = fma(a_tile[((lane >> 3u) + 4) * 8 + k], right, acc_1);
    }
  }
  let at_0 = ((group >> 1u) * 8 + (lane >> 3u)) * 16 + (group & 1) * 8 + (lane & 7);
  c[at_0] += acc_0;
  let at_1 = ((group >> 1u) * 8 + (lane >> 3u) + 4) * 16 + (group & 1) * 8 + (lane & 7);
  c[at_1] += acc_1;
}
