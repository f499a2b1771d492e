// oddities

@group(0) @binding(0) var<storage, read> array_: array<vec2f, 70001>;
@group(0) @binding(1) var<storage, read_write> fn_: array<vec2f, 70001>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup: vec3u) {
  let group = i32(workgroup.x + workgroup.y * 65535u);
  if group >= 70001 { return; }
  let let_ = array_[group];
  let half = f32(group - ((group >> 1u) - (group - 3) - -((group - 1) * 2)));
  if (group < 5 || !((group & 1) == 0)) && (100 <= group || ((group & 1) == 0 && group < 50)) {
    fn_[group] = select(vec2f(1e-7), let_ * (half + 0.1), (group & 1) == 0);
  } else if (group & 1) == 0 && group < 65 {
    fn_[group] = let_ * let_;
  } else {
    fn_[group] = abs(let_) + 16777216.0;
  }
}
