// softmax
//   p[r, i] = exp(score[r, i] - m[r]) / sum(j) exp(score[r, j] - m[r])
//   m[r] = max(j) score[r, j]

@group(0) @binding(0) var<storage, read> score: array<f32, 500>;
@group(0) @binding(1) var<storage, read_write> p: array<f32, 500>;

var<workgroup> scratch: array<f32, 64>;

// The largest finite f32: WGSL has no infinities.
const largest = 0x1.fffffep+127f;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = i32(workgroup.x);
  let lane = i32(local);
  var m: f32;
  var z: f32;
  // largest score
  m = -largest;
  for (var i = lane; i < 100; i += 64) {
    m = max(m, score[group * 100 + i]);
  }
  // max m over 8 lanes
  scratch[lane] = m;
  workgroupBarrier();
  let first = lane - (lane & 7);
  var total = scratch[first];
  for (var k = 1; k < 8; k++) {
    total = max(total, scratch[first + k]);
  }
  m = total;
  workgroupBarrier();
  // max m over 8 × 8 lanes
  scratch[lane] = m;
  workgroupBarrier();
  {
    let first = lane & 7;
    var total = scratch[first];
    for (var k = 1; k < 8; k++) {
      total = max(total, scratch[first + k * 8]);
    }
    m = total;
  }
  // normaliser
  z = 0.0;
  for (var i = lane; i < 100; i += 64) {
    z += exp(score[group * 100 + i] - m);
  }
  workgroupBarrier();
  // add z over 8 lanes
  scratch[lane] = z;
  workgroupBarrier();
  {
    let first = lane - (lane & 7);
    var total = scratch[first];
    for (var k = 1; k < 8; k++) {
      total += scratch[first + k];
    }
    z = total;
  }
  workgroupBarrier();
  // add z over 8 × 8 lanes
  scratch[lane] = z;
  workgroupBarrier();
  {
    let first = lane & 7;
    var total = scratch[first];
    for (var k = 1; k < 8; k++) {
      total += scratch[first + k * 8];
    }
    z = total;
  }
  // probabilities
  for (var i = lane; i < 100; i += 64) {
    p[group * 100 + i] = exp(score[group * 100 + i] - m) / z;
  }
}
