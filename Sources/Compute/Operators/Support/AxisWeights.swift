import Tensors

/// A linear map along one axis: each place of the result is a weighted sum of places of the input. What separable
/// interpolation is made of.
struct AxisWeights: Sendable {
  let dimension: Int
  /// Extent of the input.
  let sources: Int
  /// Extent of the result.
  let targets: Int
  /// Entries of place j: `starts[j] ..< starts[j + 1]`.
  let starts: [Int]
  let places: [Int]
  let weights: [Double]
  /// Places that lie outside and take a fixed number.
  let isOutside: [Bool]
  let hasOutside: Bool

  /// - Parameter rows: for each place of the result its entries; nil is outside.
  init(_ dimension: Int, sources: Int, _ rows: [[(place: Int, weight: Double)]?]) {
    (self.dimension, self.sources, targets) = (dimension, sources, rows.count)
    var starts = [0]
    var places: [Int] = []
    var weights: [Double] = []
    for row in rows {
      for (place, weight) in row ?? [] {
        places.append(place)
        weights.append(weight)
      }
      starts.append(places.count)
    }
    (self.starts, self.places, self.weights) = (starts, places, weights)
    isOutside = rows.map { $0 == nil }
    hasOutside = isOutside.contains(true)
  }

  /// The adjoint map: entries in the order of the result's places.
  var transposed: AxisWeights {
    var rows = [[(place: Int, weight: Double)]](repeating: [], count: sources)
    for target in 0..<targets {
      for entry in starts[target]..<starts[target + 1] {
        rows[places[entry]].append((target, weights[entry]))
      }
    }
    return AxisWeights(dimension, sources: targets, rows.map { $0 })
  }

  /// Applies the map to a tensor of outer x sources x inner numbers.
  func apply(
    _ x: Operand<Float>, _ y: Operand<Float>, outer: Int, inner: Int, outside: Float, _ run: RunContext
  ) {
    let weights = weights.map { Float($0) }
    if inner == 1 {
      run.parallel(over: outer, grain: max(1, 2 * Grain.dear / max(1, targets))) { piece in
        points(x, y, blocks: piece, weights, outside: outside)
      }
      return
    }
    // Lines of the result along `inner`; short ones together.
    run.parallel(over: outer * targets, grain: max(1, 2 * Grain.dear / max(1, inner))) { piece in
      var (block, target) = piece.lowerBound.quotientAndRemainder(dividingBy: targets)
      for line in piece {
        let from = unsafe x.pointer + block * sources * inner
        let to = unsafe y.pointer + line * inner
        let (first, end) = (starts[target], starts[target + 1])
        if isOutside[target] {
          unsafe to.update(repeating: outside, count: inner)
        } else {
          unsafe Self.row(from, inner, places[first..<end], weights[first..<end], to)
        }
        target += 1
        if target == targets { (target, block) = (0, block + 1) }
      }
    }
  }

  /// Along the last dimension: number by number. `places` and `starts` were made here and are within the tensor.
  private func points(
    _ x: Operand<Float>, _ y: Operand<Float>, blocks: Range<Int>, _ weights: [Float], outside: Float
  ) {
    unsafe starts.withUnsafeBufferPointer { starts in
      unsafe places.withUnsafeBufferPointer { places in
        unsafe weights.withUnsafeBufferPointer { weights in
          for block in blocks {
            let from = unsafe x.pointer + block * sources
            let to = unsafe y.pointer + block * targets
            for target in 0..<targets {
              let first = unsafe starts[target]
              switch unsafe starts[target + 1] - first {
              case 1: unsafe to[target] = weights[first] * from[places[first]]
              case 2:
                unsafe to[target] =
                  weights[first] * from[places[first]] + weights[first + 1] * from[places[first + 1]]
              case let count:
                var sum: Float = 0
                for entry in first..<first + count { unsafe sum += weights[entry] * from[places[entry]] }
                unsafe to[target] = sum
              }
            }
            if hasOutside {
              for target in 0..<targets where isOutside[target] { unsafe to[target] = outside }
            }
          }
        }
      }
    }
  }

  /// One line of the result from whole lines of the input.
  @inline(__always)
  private static func row(
    _ from: UnsafePointer<Float>, _ inner: Int, _ places: ArraySlice<Int>, _ weights: ArraySlice<Float>,
    _ to: UnsafeMutablePointer<Float>
  ) {
    func line(_ entry: Int) -> UnsafePointer<Float> { unsafe from + places[entry] * inner }
    let first = places.startIndex
    switch places.count {
    case 0: unsafe to.update(repeating: 0, count: inner)
    case 1 where weights[first] == 1: unsafe to.update(from: line(first), count: inner)
    case 2:
      let (a, b) = unsafe (line(first), line(first + 1))
      let (p, q) = (weights[first], weights[first + 1])
      for k in 0..<inner { unsafe to[k] = p * a[k] + q * b[k] }
    case 4:
      let (a, b, c, d) = unsafe (line(first), line(first + 1), line(first + 2), line(first + 3))
      let (p, q, r, s) = (weights[first], weights[first + 1], weights[first + 2], weights[first + 3])
      for k in 0..<inner { unsafe to[k] = p * a[k] + q * b[k] + r * c[k] + s * d[k] }
    default:
      for entry in places.indices {
        let (a, p) = unsafe (line(entry), weights[entry])
        if entry == first {
          for k in 0..<inner { unsafe to[k] = p * a[k] }
        } else {
          for k in 0..<inner { unsafe to[k] += p * a[k] }
        }
      }
    }
  }
}

/// Maps along several axes, one after the other.
struct SeparableMap: Sendable {
  /// In the order in which they are applied: what shrinks comes first, then inner axes, which are slow, before
  /// outer ones.
  let maps: [AxisWeights]
  let source: Shape

  init(_ source: Shape, _ maps: [AxisWeights]) {
    self.source = source
    self.maps = maps.sorted { a, b in
      let (left, right) = (a.targets < a.sources, b.targets < b.sources)
      return left != right ? left : a.dimension > b.dimension
    }
  }

  /// Extents after each map but the last.
  private var between: [[Int]] {
    var extents = source.extents
    var result: [[Int]] = []
    for map in maps.dropLast() {
      extents[map.dimension] = map.targets
      result.append(extents)
    }
    return result
  }

  /// What lies between, one after the other.
  var workspaceBytes: Int {
    between.reduce(0) { $0 + ($1.reduce(1, *) + 15) / 16 * 16 } * MemoryLayout<Float>.stride
  }

  /// Plain sums over all entries at once.
  func reference<T: Real>(_ x: Operand<T>, _ y: Operand<T>, outside: T) {
    var extents = source.extents
    var byDimension = [AxisWeights?](repeating: nil, count: extents.count)
    for map in maps {
      extents[map.dimension] = map.targets
      byDimension[map.dimension] = map
    }
    let strides = source.strides
    for index in 0..<y.count {
      var rest = index
      var position = extents
      for dimension in extents.indices.reversed() {
        (rest, position[dimension]) = rest.quotientAndRemainder(dividingBy: extents[dimension])
      }
      if maps.contains(where: { $0.isOutside[position[$0.dimension]] }) {
        y[index] = outside
        continue
      }
      func sum(_ dimension: Int, _ at: Int) -> Double {
        guard dimension < position.count else { return Double(x[at]) }
        guard let map = byDimension[dimension] else {
          return sum(dimension + 1, at + position[dimension] * strides[dimension])
        }
        let place = position[dimension]
        return (map.starts[place]..<map.starts[place + 1]).reduce(0) {
          $0 + map.weights[$1] * sum(dimension + 1, at + map.places[$1] * strides[dimension])
        }
      }
      y[index] = T(sum(0, 0))
    }
  }

  func compute(_ x: Operand<Float>, _ y: Operand<Float>, outside: Float, _ run: RunContext) {
    if maps.isEmpty { return unsafe y.pointer.update(from: x.pointer, count: y.count) }
    var extents = source.extents
    var from = x
    var offset = 0
    for (step, map) in maps.enumerated() {
      extents[map.dimension] = map.targets
      let count = extents.reduce(1, *)
      var to = y
      if step < maps.count - 1 {
        guard let shape = try? Shape(extents), let base = unsafe run.workspace.baseAddress else { return }
        unsafe to = Operand(
          shape,
          .init(start: (base + offset).assumingMemoryBound(to: Float.self), count: count))
        offset += (count + 15) / 16 * 16 * MemoryLayout<Float>.stride
      }
      map.apply(
        from, to, outer: extents[..<map.dimension].reduce(1, *),
        inner: extents[(map.dimension + 1)...].reduce(1, *), outside: outside, run)
      from = to
    }
  }

  var operations: Double {
    var extents = source.extents
    return maps.reduce(0) { sum, map in
      extents[map.dimension] = map.targets
      let lines = extents.reduce(1, *) / max(1, map.targets)
      return sum + 2 * Double(map.weights.count) * Double(lines)
    }
  }
}

extension Double {
  /// The greatest whole number that is not above; the nearest there is for numbers beyond.
  var wholeBelow: Int {
    let whole = rounded(.down)
    return Int(exactly: whole) ?? (whole > 0 ? Int(Int32.max) : Int(Int32.min))
  }
}
