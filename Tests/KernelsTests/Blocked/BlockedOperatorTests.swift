import Kernels
import Testing

@Suite struct BlockedOperatorTests {
  static let (images, channels, height, width) = (2, 20, 7, 19)
  static let count = images * channels * height * width
  let a = randomNumbers(count, 1)
  let b = randomNumbers(count, 2)

  func value(_ plain: [Float]) -> BlockedValue {
    BlockedValue(
      plain, channels: Self.channels, images: Self.images, height: Self.height, width: Self.width,
      halo: (1, 1))
  }
  func room(_ height: Int = height, _ width: Int = width) -> BlockedValue {
    BlockedValue(channels: Self.channels, images: Self.images, height: height, width: width, halo: (0, 1))
  }
  func linear(_ kind: Int = ISOTACH_LINEAR) -> isotach_epilogue {
    var epilogue = isotach_epilogue()
    epilogue.activation = Int32(kind)
    return epilogue
  }

  @Test func binary() {
    let operations: [(Int, (Float, Float) -> Float)] = [
      (ISOTACH_ADD, { $0 + $1 }), (ISOTACH_SUBTRACT, { $0 - $1 }), (ISOTACH_MULTIPLY, { $0 * $1 }),
      (ISOTACH_DIVIDE, { $0 / $1 }), (ISOTACH_MAX, { max($0, $1) }), (ISOTACH_MIN, { min($0, $1) }),
    ]
    for level in cpuLevels {
      atLevel(level) {
        let (left, right) = (value(a), value(b))
        for (operation, function) in operations {
          let y = room()
          var epilogue = linear(ISOTACH_RELU)
          let rows = isotach_blocked_rows(&y.layout)
          for (first, last) in [(rows / 3, rows), (0, rows / 3)] {
            isotach_blocked_binary(
              Int32(operation), &left.layout, &right.layout, &epilogue, &y.layout, first, last)
          }
          #expect(y.plain == zip(a, b).map { max(0, function($0, $1)) }, "\(operation)")
        }
      }
    }
  }

  @Test func masks() {
    for level in cpuLevels {
      atLevel(level) {
        let (seeds, outputs) = (value(a), value(b))
        for (kind, slope): (Int, Float) in [(ISOTACH_RELU, 0), (ISOTACH_LEAKY, 0.25)] {
          let y = room()
          var epilogue = linear(kind)
          epilogue.slope = 0.25
          isotach_blocked_binary(
            Int32(ISOTACH_MASK), &seeds.layout, &outputs.layout, &epilogue, &y.layout, 0,
            isotach_blocked_rows(&y.layout))
          #expect(y.plain == zip(a, b).map { $1 > 0 ? $0 : $0 * slope })
        }
      }
    }
  }

  @Test func notANumberStays() {
    var x = a
    x[5] = .nan
    for level in cpuLevels {
      atLevel(level) {
        for kind in [ISOTACH_LINEAR, ISOTACH_RELU, ISOTACH_LEAKY, ISOTACH_CLIP] {
          let (left, y) = (value(x), room())
          var epilogue = linear(kind)
          (epilogue.slope, epilogue.low, epilogue.high) = (0.5, -1, 1)
          isotach_blocked_affine(
            &left.layout, nil, nil, Int64(Self.channels), &epilogue, &y.layout, 0,
            isotach_blocked_rows(&y.layout))
          #expect(y.plain.indices.filter { y.plain[$0].isNaN } == [5])
        }
      }
    }
  }

  @Test func affine() {
    let (scale, shift) = (randomNumbers(Self.channels, 3), randomNumbers(Self.channels, 4))
    let plane = Self.height * Self.width
    let expected = a.indices.map { i in
      let c = i / plane % Self.channels
      return a[i] * scale[c] + shift[c]
    }
    for level in cpuLevels {
      atLevel(level) {
        let (x, y) = (value(a), room())
        var epilogue = linear()
        isotach_blocked_affine(
          &x.layout, scale, shift, Int64(Self.channels), &epilogue, &y.layout, 0,
          isotach_blocked_rows(&y.layout))
        #expect(y.plain == expected)
        let copy = room()
        isotach_blocked_copy(&y.layout, &copy.layout, 0, isotach_blocked_rows(&y.layout))
        #expect(copy.plain == expected)
      }
    }
  }

  /// Against the pooling of plain images.
  @Test(arguments: [
    ConvolutionCase(
      channels: 1, filters: 1, height: 7, width: 19, kernel: (2, 2), stride: (2, 2), before: (0, 0),
      after: (0, 0)),
    ConvolutionCase(channels: 1, filters: 1, height: 7, width: 19, kernel: (3, 3), stride: (2, 2)),
    ConvolutionCase(
      channels: 1, filters: 1, height: 7, width: 19, kernel: (3, 2), stride: (1, 3), dilation: (2, 3),
      before: (1, 0),
      after: (2, 1)),
  ]) func pools(one: ConvolutionCase) {
    let (h, w) = (one.outHeight, one.outWidth)
    var window = isotach_window(
      input: (1, 7, 19), output: (1, Int64(h), Int64(w)),
      kernel: (1, Int64(one.kernel.0), Int64(one.kernel.1)),
      stride: (1, Int64(one.stride.0), Int64(one.stride.1)),
      dilation: (1, Int64(one.dilation.0), Int64(one.dilation.1)),
      before: (0, Int64(one.before.0), Int64(one.before.1)),
      after: (0, Int64(one.after.0), Int64(one.after.1)))
    let planes = Self.images * Self.channels
    let seeds = randomNumbers(planes * h * w, 5)
    for kind in [ISOTACH_POOL_MAX, ISOTACH_POOL_AVERAGE, ISOTACH_POOL_AVERAGE_PADDED] {
      var expected: [Float] = []
      var gradient: [Float] = []
      for p in 0..<planes {
        let x = Array(a[p * 133..<(p + 1) * 133])
        let seed = Array(seeds[p * h * w..<(p + 1) * h * w])
        var y = [Float](repeating: 0, count: h * w)
        var places = y
        var dx = [Float](repeating: 0, count: 133)
        if kind == ISOTACH_POOL_MAX {
          isotach_max_pool(&window, x, &y, &places)
          isotach_scatter_places(seed, places, Int64(h * w), &dx, 133)
        } else {
          let isPadded: Int32 = kind == ISOTACH_POOL_AVERAGE_PADDED ? 1 : 0
          isotach_average_pool(&window, isPadded, x, &y)
          isotach_average_pool_gradient(&window, isPadded, seed, &dx)
        }
        expected += y
        gradient += dx
      }
      for level in cpuLevels {
        atLevel(level) {
          var shape = one.shape
          let (x, y, dx) = (value(a), room(h, w), room())
          isotach_blocked_pool(
            Int32(kind), &shape, &x.layout, &y.layout, 0, isotach_blocked_rows(&y.layout))
          #expect(relativeError(y.plain, expected) < 1e-6, "kind \(kind) level \(level)")
          let dy = BlockedValue(
            seeds, channels: Self.channels, images: Self.images, height: h, width: w, halo: (1, 0))
          isotach_blocked_pool_gradient(
            Int32(kind), &shape, &x.layout, &dy.layout, &dx.layout, 0, dx.layout.blocks * dx.layout.images)
          #expect(relativeError(dx.plain, gradient) < 1e-6, "kind \(kind) level \(level)")
        }
      }
    }
  }

  @Test func globalPools() {
    let plane = Self.height * Self.width
    let planes = (0..<Self.images * Self.channels).map { a[$0 * plane..<($0 + 1) * plane] }
    for level in cpuLevels {
      atLevel(level) {
        let (x, mean, most) = (value(a), room(1, 1), room(1, 1))
        let all = x.layout.blocks * x.layout.images
        isotach_blocked_global_pool(Int32(ISOTACH_POOL_AVERAGE), &x.layout, &mean.layout, 0, all)
        isotach_blocked_global_pool(Int32(ISOTACH_POOL_MAX), &x.layout, &most.layout, 0, all)
        #expect(most.plain == planes.map { $0.max() ?? 0 })
        let expected = planes.map { Float($0.reduce(0.0) { $0 + Double($1) } / Double(plane)) }
        #expect(relativeError(mean.plain, expected) < 1e-6)
      }
    }
  }

  @Test func resize() {
    let (h, w) = (11, 30)
    func taps(_ count: Int, _ extent: Int, isNearest: Bool) -> [isotach_resize_tap] {
      (0..<count).map {
        let at = min(Float(extent - 1), Float($0) * Float(extent) / Float(count))
        let low = Int32(at)
        return isotach_resize_tap(
          low: low, high: min(low + 1, Int32(extent) - 1), weight: isNearest ? 0 : at - Float(low))
      }
    }
    for isNearest in [false, true] {
      let (rows, columns) = (
        taps(h, Self.height, isNearest: isNearest), taps(w, Self.width, isNearest: isNearest)
      )
      var expected: [Float] = []
      for p in 0..<Self.images * Self.channels {
        for i in rows {
          for j in columns {
            func at(_ y: Int32, _ x: Int32) -> Float {
              a[(p * Self.height + Int(y)) * Self.width + Int(x)]
            }
            let upper = (1 - j.weight) * at(i.low, j.low) + j.weight * at(i.low, j.high)
            let lower = (1 - j.weight) * at(i.high, j.low) + j.weight * at(i.high, j.high)
            expected.append((1 - i.weight) * upper + i.weight * lower)
          }
        }
      }
      for level in cpuLevels {
        atLevel(level) {
          let (x, y) = (value(a), room(h, w))
          isotach_blocked_resize(
            &x.layout, rows, columns, &y.layout, 0, isotach_blocked_rows(&y.layout))
          #expect(relativeError(y.plain, expected) < 1e-6)
        }
      }
    }
  }

  @Test(arguments: [(1, 0.75), (4, 0.75), (5, 0.75), (5, 0.5), (31, 1.0)])
  func localResponse(size: Int, beta: Double) {
    let plane = Self.height * Self.width
    var expected = a
    for n in 0..<Self.images {
      for c in 0..<Self.channels {
        for i in 0..<plane {
          var sum = 0.0
          for k in c - (size - 1) / 2..<c - (size - 1) / 2 + size where k >= 0 && k < Self.channels {
            let v = Double(a[(n * Self.channels + k) * plane + i])
            sum += v * v
          }
          let at = (n * Self.channels + c) * plane + i
          // x ^ beta for the betas above.
          let base = 2 + 0.5 / Double(size) * sum
          let power =
            beta == 1
            ? base : beta == 0.5 ? base.squareRoot() : (base * base * base).squareRoot().squareRoot()
          expected[at] = Float(Double(a[at]) / power)
        }
      }
    }
    for level in cpuLevels {
      atLevel(level) {
        let (x, y) = (value(a), room())
        #expect(
          isotach_blocked_lrn(
            Int64(size), 0.5, Float(beta), 2, &x.layout, &y.layout, 0, isotach_blocked_rows(&y.layout)) == 1)
        #expect(relativeError(y.plain, expected) < 1e-6)
        #expect(isotach_blocked_lrn(33, 1, 1, 1, &x.layout, &y.layout, 0, 0) == 0)
      }
    }
  }
}
