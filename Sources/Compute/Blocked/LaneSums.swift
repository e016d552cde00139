import Tensors

/// Sums over the pixels of each channel of blocked values: of each row in float32, of fixed stretches of rows in double,
/// of the stretches in their order. They do not depend on the number of threads.
struct LaneSums {
  typealias Floats = SIMD16<Float>
  typealias Doubles = SIMD16<Double>

  let shape: Shape
  /// Rows of a block, of a stretch, and the stretches of a block.
  let rows: Int
  let stretch: Int
  let stretches: Int

  init(_ shape: Shape) {
    self.shape = shape
    rows = shape[1] * shape[2]
    stretch = blockedGrain(shape)
    stretches = (rows + stretch - 1) / stretch
  }

  /// Numbers of a row.
  var width: Int { shape[3] * Lanes.width }
  /// Pixels of each channel.
  var pixels: Int { rows * shape[3] }
  var workspaceBytes: Int { shape[0] * stretches * MemoryLayout<Doubles>.stride }

  /// Calls `body(block, start)` for every row, some at a time: `start` is where it begins.
  func forEachRow(_ run: RunContext, _ body: @Sendable (_ block: Int, _ start: Int) -> Void) {
    run.parallel(shape[0] * stretches) { piece in
      let (block, part) = (piece / stretches, piece % stretches)
      for row in part * stretch..<min(rows, (part + 1) * stretch) {
        body(block, (block * rows + row) * width)
      }
    }
  }

  /// For each block the sums of what `row(block, start)` gives for its rows. Uses the workspace from `offset` bytes on.
  func sums(
    _ run: RunContext, at offset: Int = 0, _ row: @Sendable (_ block: Int, _ start: Int) -> Floats
  ) -> [Doubles] {
    guard let base = unsafe run.workspace.baseAddress, stretches > 0 else {
      return Array(repeating: .zero, count: shape[0])
    }
    let partial = unsafe (base + offset).assumingMemoryBound(to: Doubles.self)
    let places = unsafe SendableBox(partial)
    run.parallel(shape[0] * stretches) { piece in
      let (block, part) = (piece / stretches, piece % stretches)
      var sum = Doubles.zero
      for index in part * stretch..<min(rows, (part + 1) * stretch) {
        sum += Doubles(row(block, (block * rows + index) * width))
      }
      unsafe places.value[piece] = sum
    }
    return (0..<shape[0]).map { block in
      (0..<stretches).reduce(Doubles.zero) { sum, part in unsafe sum + partial[block * stretches + part] }
    }
  }
}

extension UnsafeMutablePointer<Float> {
  /// The 16 numbers of a pixel.
  @inline(__always)
  func pixel(_ index: Int) -> SIMD16<Float> {
    unsafe UnsafeRawPointer(self + index).loadUnaligned(as: SIMD16<Float>.self)
  }
  @inline(__always)
  func store(_ pixel: SIMD16<Float>, at index: Int) {
    unsafe UnsafeMutableRawPointer(self + index).storeBytes(of: pixel, as: SIMD16<Float>.self)
  }
}

extension Operand<Float> {
  /// The numbers of the channels of a block; 0 behind the last.
  func lanes(_ block: Int) -> SIMD16<Float> {
    var result = SIMD16<Float>.zero
    let first = block * Lanes.width
    for lane in 0..<min(Lanes.width, count - first) { result[lane] = self[first + lane] }
    return result
  }
}
