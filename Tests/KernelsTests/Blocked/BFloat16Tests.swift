import Kernels
import Testing

/// Products of numbers that are rounded to bfloat16, against the reference on rounded operands: what is left is the order
/// of sums in float32.
@Suite struct BFloat16Tests {
  /// What the processor can multiply with, and the level at which the rest is computed.
  static var units: [(level: Int32, unit: Int32)] {
    cpuLevels.flatMap { level in
      atLevel(level) {
        [ISOTACH_BFLOAT16_FLOATS, ISOTACH_BFLOAT16_PAIRS, ISOTACH_BFLOAT16_TILES].map { Int32($0) }.filter {
          defer { isotach_bfloat16_use(-1) }
          return isotach_bfloat16_use($0) == 1
        }.map { (level, $0) }
      }
    }
  }

  private func forEachUnit(_ body: (String) -> Void) {
    for (level, unit) in Self.units {
      atLevel(level) {
        #expect(isotach_bfloat16_use(unit) == 1)
        body("level \(level), unit \(unit)")
        isotach_bfloat16_use(-1)
      }
    }
  }

  static let more = [
    // A tile of 16 columns within a row, across rows, and the rest of a piece.
    ConvolutionCase(channels: 64, filters: 48, height: 19, width: 16, activation: ISOTACH_RELU),
    ConvolutionCase(channels: 48, filters: 112, height: 3, width: 100, hasResidual: true),
    ConvolutionCase(images: 3, channels: 96, filters: 64, height: 9, width: 14, stride: (2, 2)),
    ConvolutionCase(
      channels: 40, filters: 40, height: 11, width: 9, kernel: (1, 1), stride: (2, 3), before: (0, 0),
      after: (0, 0)),
    ConvolutionCase(
      channels: 40, filters: 20, height: 6, width: 7, kernel: (1, 1), before: (1, 2), after: (1, 0),
      halo: (1, 1)),
  ]

  @Test(arguments: GeneralConvolutionTests.cases + more) func equalsRoundedReference(one: ConvolutionCase) {
    let expected = one.reference(isotach_bfloat16_rounded)
    forEachUnit { title in
      let found = one.run { x, w, bias, epilogue, y in
        var (shape, plan) = (one.shape, isotach_bfloat16())
        guard isotach_bfloat16_plan(&shape, &plan) == 1 else { return }
        var packed = [Float](repeating: .nan, count: Int(isotach_bfloat16_packed(&plan)))
        isotach_bfloat16_pack(&plan, w, bias, 0, isotach_bfloat16_pack_ranges(&plan), &packed)
        var shared = [Float](repeating: .nan, count: Int(isotach_bfloat16_shared(&plan)))
        for phase in Int64(0)..<2 {
          for piece in (0..<isotach_bfloat16_pieces(&plan, phase)).reversed() {
            var scratch = [Float](repeating: .nan, count: Int(isotach_bfloat16_scratch(&plan)))
            isotach_bfloat16_run(&plan, phase, piece, &x, packed, &epilogue, &y, &shared, &scratch)
          }
        }
      }
      #expect(relativeError(found, expected) < 2e-6, "\(title)")
    }
  }

  @Test(arguments: TransposedConvolutionTests.cases.filter { $0.kernel == $0.stride })
  func transposedEqualsRoundedReference(one: TransposedConvolutionTests.Case) {
    let x = randomNumbers(one.images * one.channels * one.size.0 * one.size.1, 1)
    let w = randomNumbers(one.channels * one.filters / one.groups * one.kernel.0 * one.kernel.1, 2)
    let bias = randomNumbers(one.filters, 3)
    var shape = one.shape
    var expected = [Float](repeating: .nan, count: one.images * one.filters * one.output.0 * one.output.1)
    isotach_transposed_reference(
      &shape, x.map(isotach_bfloat16_rounded), w.map(isotach_bfloat16_rounded), bias, &expected)
    let added = randomNumbers(expected.count, 4)
    expected = zip(expected, added).map { max(0, $0 + $1) }
    forEachUnit { title in
      let input = BlockedValue(
        x, channels: one.channels, images: one.images, height: one.size.0, width: one.size.1)
      let residual = BlockedValue(
        added, channels: one.filters, images: one.images, height: one.output.0, width: one.output.1,
        halo: (0, 1))
      let output = BlockedValue(
        channels: one.filters, images: one.images, height: one.output.0, width: one.output.1, halo: (1, 0))
      var (plan, epilogue) = (isotach_bfloat16(), isotach_epilogue())
      epilogue.activation = Int32(ISOTACH_RELU)
      #expect(isotach_bfloat16_plan_transposed(&shape, &plan) == 1)
      var packed = [Float](repeating: .nan, count: Int(isotach_bfloat16_packed(&plan)))
      isotach_bfloat16_pack(&plan, w, bias, 0, isotach_bfloat16_pack_ranges(&plan), &packed)
      var shared = [Float](repeating: .nan, count: Int(isotach_bfloat16_shared(&plan)))
      withUnsafePointer(to: &residual.layout) {
        epilogue.residual = $0
        for phase in Int64(0)..<2 {
          for piece in (0..<isotach_bfloat16_pieces(&plan, phase)).reversed() {
            var scratch = [Float](repeating: .nan, count: Int(isotach_bfloat16_scratch(&plan)))
            isotach_bfloat16_run(
              &plan, phase, piece, &input.layout, packed, &epilogue, &output.layout, &shared, &scratch)
          }
        }
      }
      #expect(relativeError(output.plain, expected) < 2e-6, "\(title)")
    }
  }

  @Test(arguments: [(1, 1, 1), (8, 70, 33), (3, 256, 130), (33, 31, 16), (300, 64, 80)])
  func denseEqualsRoundedReference(sizes: (rows: Int, channels: Int, filters: Int)) {
    let (m, k, n) = (sizes.rows, sizes.channels, sizes.filters)
    let (x, w, bias) = (randomNumbers(m * k, 1), randomNumbers(n * k, 2), randomNumbers(n, 3))
    var expected = [Float](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for l in 0..<k {
          sum +=
            Double(isotach_bfloat16_rounded(x[i * k + l])) * Double(isotach_bfloat16_rounded(w[j * k + l]))
        }
        expected[i * n + j] = Float(sum + Double(bias[j]))
      }
    }
    forEachUnit { title in
      var plan = isotach_bfloat16()
      #expect(isotach_bfloat16_plan_dense(Int64(m), Int64(k), Int64(n), &plan) == 1)
      var packed = [Float](repeating: .nan, count: Int(isotach_bfloat16_packed(&plan)))
      isotach_bfloat16_pack(&plan, w, bias, 0, isotach_bfloat16_pack_ranges(&plan), &packed)
      var shared = [Float](repeating: .nan, count: Int(isotach_bfloat16_shared(&plan)))
      var y = [Float](repeating: .nan, count: m * n)
      for phase in Int64(0)..<2 {
        for piece in (0..<isotach_bfloat16_pieces(&plan, phase)).reversed() {
          var scratch = [Float](repeating: .nan, count: Int(isotach_bfloat16_scratch(&plan)))
          isotach_bfloat16_run_dense(&plan, phase, piece, x, packed, &y, &shared, &scratch)
        }
      }
      #expect(relativeError(y, expected) < 2e-6, "\(title)")
    }
  }

  @Test func roundsToNearestEven() {
    for (bits, expected): (UInt32, UInt32) in [
      (0x3F80_8000, 0x3F80_0000), (0x3F81_8000, 0x3F82_0000), (0x3F80_8001, 0x3F81_0000),
      (0x3F80_7FFF, 0x3F80_0000), (0xBF81_8000, 0xBF82_0000), (0x7F7F_FFFF, 0x7F80_0000),
      (0x7F80_0000, 0x7F80_0000), (0x8000_0000, 0x8000_0000),
    ] {
      #expect(isotach_bfloat16_rounded(Float(bitPattern: bits)).bitPattern == expected)
    }
    #expect(isotach_bfloat16_rounded(Float(bitPattern: 0x7F80_0001)).isNaN)
    #expect(isotach_bfloat16_rounded(Float(bitPattern: 0xFFFF_FFFF)).isNaN)
  }

  /// A number that is none reaches the results it belongs to, and no others.
  @Test func notANumberStaysOne() {
    forEachUnit { title in
      let (m, k, n) = (4, 40, 20)
      var x = [Float](repeating: 1, count: m * k)
      x[k + 3] = .nan
      let w = [Float](repeating: 0.5, count: n * k)
      var plan = isotach_bfloat16()
      #expect(isotach_bfloat16_plan_dense(Int64(m), Int64(k), Int64(n), &plan) == 1)
      var packed = [Float](repeating: .nan, count: Int(isotach_bfloat16_packed(&plan)))
      isotach_bfloat16_pack(&plan, w, nil, 0, isotach_bfloat16_pack_ranges(&plan), &packed)
      var shared = [Float](repeating: .nan, count: Int(isotach_bfloat16_shared(&plan)))
      var y = [Float](repeating: .nan, count: m * n)
      for phase in Int64(0)..<2 {
        for piece in 0..<isotach_bfloat16_pieces(&plan, phase) {
          var scratch = [Float](repeating: .nan, count: Int(isotach_bfloat16_scratch(&plan)))
          isotach_bfloat16_run_dense(&plan, phase, piece, x, packed, &y, &shared, &scratch)
        }
      }
      for i in y.indices { #expect(i / n == 1 ? y[i].isNaN : y[i] == 20, "\(title)") }
    }
  }

  @Test func othersAreRefused() {
    var (shape, plan) = (GeneralConvolutionTests.cases[5].shape, isotach_bfloat16())
    shape.kernel_y = 12
    shape.kernel_x = 12
    #expect(isotach_bfloat16_plan(&shape, &plan) == 0)
    var overlapping = TransposedConvolutionTests.cases[2].shape
    #expect(isotach_bfloat16_plan_transposed(&overlapping, &plan) == 0)
    #expect(isotach_bfloat16_use(7) == 0)
  }
}
